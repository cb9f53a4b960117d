"""The rows of an epoch as LengthGroupedSampler orders them: python length-groups.py writes length-groups.json
(transformers 4.57.1).

The permutation that it draws from torch's generator is that of Python's random, as everywhere here."""

import json
import random

import torch
from transformers.trainer_pt_utils import get_length_grouped_indices


def case(rows, batch, accumulation, seed, epoch, longest):
    drawn = random.Random(rows * 1000 + batch)
    lengths = [drawn.randint(1, longest) for _ in range(rows)]
    permutation = list(range(rows))
    random.Random(seed + ((epoch + 1) << 32)).shuffle(permutation)
    torch.randperm = lambda count, generator=None: torch.tensor(permutation)
    order = get_length_grouped_indices(lengths, batch * accumulation)  # as Trainer._get_train_sampler asks
    return {
        "lengths": lengths,
        "batchSize": batch,
        "accumulation": accumulation,
        "seed": seed,
        "epoch": epoch,
        "order": [int(row) for row in order],
    }


cases = [
    case(*given)
    for given in [
        (1, 4, 1, 1, 0, 9),
        (3, 4, 1, 2, 0, 9),
        (16, 4, 1, 3, 0, 40),
        (40, 2, 1, 4, 1, 6),
        (100, 4, 1, 5, 0, 90),
        (100, 4, 2, 5, 0, 90),
        (101, 3, 3, 6, 2, 20),
        (250, 1, 1, 7, 0, 500),
        (450, 2, 1, 8, 3, 5),
        (63, 16, 1, 9, 0, 30),
    ]
]
with open("length-groups.json", "w", encoding="ascii") as file:
    file.write("[\n" + ",\n".join(json.dumps(each) for each in cases) + "\n]\n")
