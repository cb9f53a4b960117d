"""The golden files of tests/checkpoint: python make.py, with torch 2.15, safetensors 0.8, transformers
4.57.1, peft 0.17.1.

Values are small integers, so that tests can say what must be read.
"""

import collections
import os
import pathlib

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
TYPES = [
    "uint64",
    "int64",
    "float64",
    "float32",
    "uint32",
    "int32",
    "bfloat16",
    "float16",
    "uint16",
    "int16",
    "int8",
    "uint8",
]


def every_type():
    """Each type twice, in an order that the file does not have; names with all that JSON and sorting make
    difficult."""
    tensors = {
        "scalar": torch.tensor(7.0),
        "empty": torch.zeros(0, 3),
        "bool": torch.tensor([True, False, True]),
    }
    for n, name in enumerate(reversed(TYPES)):
        kind = getattr(torch, name)
        tensors[f"b {name}"] = torch.arange(n, n + 6).reshape(2, 3).to(kind)
        tensors[f'"\\\n\x1f\u2028{name}'] = torch.tensor([n]).to(kind)
    for name in ["float8_e4m3fn", "float8_e5m2"]:
        tensors[name] = torch.arange(256, dtype=torch.uint8).view(getattr(torch, name))
    tensors["\U0001d4b3"], tensors["\uff5e"] = torch.ones(1), torch.ones(1)
    save_file(tensors, HERE / "every-type.safetensors", {"format": "pt"})


def views():
    """Tensors that share a storage: transposed, cut out, repeated; and a parameter."""
    base = torch.arange(24).float().reshape(4, 6)
    state = collections.OrderedDict(
        base=base,
        transposed=base.t(),
        cut=base[1:3, 2:5],
        column=base[:, 1],
        same=base.view(4, 6),
        parameter=torch.nn.Parameter(base[2]),
        scalar=torch.tensor(3.5),
        empty=torch.zeros(0, 3),
        int64=torch.arange(5),
        float16=torch.full((2,), 1.5).half(),
        bfloat16=torch.full((2,), 1.5).bfloat16(),
        float64=torch.tensor([0.1]).double(),
        bool=torch.tensor([True, False]),
        swapped=torch.arange(6).reshape(2, 3, 1).transpose(0, 1).short(),
        int8=torch.tensor([-1]).to(torch.int8),
        uint8=torch.tensor([255]).to(torch.uint8),
        int32=torch.tensor([-5], dtype=torch.int32),
    )
    state._metadata = {"": {"version": 1}}  # as a module's state_dict() has it
    torch.save(state, HERE / "views.zip.bin")
    torch.save(state, HERE / "views.protocol-4.bin", pickle_protocol=4)
    torch.save(state, HERE / "views.legacy.bin", _use_new_zipfile_serialization=False)


class Hostile:
    def __reduce__(self):
        return os.system, ("true",)


def refused():
    torch.save({"weight": Hostile()}, HERE / "hostile.zip.bin")
    torch.save({"weight": Hostile()}, HERE / "hostile.legacy.bin", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(2, 2), HERE / "module.bin")
    torch.save({"epoch": 3, "weight": torch.ones(1)}, HERE / "epoch.bin")
    torch.save({"negated": torch._neg_view(torch.ones(1))}, HERE / "negated.bin")
    torch.save({"wide": torch.ones(1).expand(1000)}, HERE / "expanded.bin")
    base = torch.arange(120).float()
    torch.save({f"window.{n}": base[n : n + 100] for n in range(20)}, HERE / "windows.bin")


if __name__ == "__main__":
    every_type()
    views()
    refused()
