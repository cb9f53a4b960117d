"""Makes data-files/: Parquet files of the same three rows of ours, one for each codec and layout that
people's tools write.

pip install pyarrow==26.0.1
python data-files.py
"""

import os
import pyarrow as pa, pyarrow.parquet as pq

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data-files")
rows = [
    ("Is tea good for a cold?", "It soothes."),
    ("感冒吃什么？", "多喝水。"),
    ("Rest\nor work?", 'Rest, "always".'),
]
table = pa.table({"human": [human for human, _ in rows], "assistant": [answer for _, answer in rows]})


def write(name, of=table, **options):
    pq.write_table(of, os.path.join(folder, name), **options)


for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd"):
    write(f"{codec}.parquet", compression=codec)
write(
    "delta.parquet",
    compression="zstd",
    data_page_version="2.0",
    use_dictionary=False,
    column_encoding={"human": "DELTA_BYTE_ARRAY", "assistant": "DELTA_LENGTH_BYTE_ARRAY"},
)
others = (
    table.append_column("picture", pa.array([b"\xff\xd8", None, b"\xff"]))
    .append_column("id", pa.array([2**62, 2**62 + 1, None]))
    .append_column("score", pa.array([float("nan"), float("inf"), 0.0]))
    .append_column("parts", pa.array([[{"raw": b"\xff"}], [], None]))
)
write("other-columns.parquet", others, compression="zstd", row_group_size=2)
messages = pa.table(
    {
        "messages": [
            [{"role": "user", "content": human}, {"role": "assistant", "content": answer}]
            for human, answer in rows
        ]
    }
)
write("messages.parquet", messages, compression="zstd")
