"""Makes aimc.parquet: three records of ours as pandas writes them (an index column, Snappy), the last with a
text that is not UTF-8.

pip install pyarrow
python aimc-parquet.py aimc.parquet
"""

import sys
import pyarrow as pa, pyarrow.parquet as pq

good = ["Hello. Rest and drink.", "Hi. See a dentist.", ""]
broken = pa.array([t.encode() for t in good[:2]] + [b"Hello. \xff"], pa.binary()).view(pa.string())
table = pa.table(
    {
        "Description": [
            "Q. What helps against a cold?",
            "Q. Why does my tooth ache?",
            "Q. Is this text broken?",
        ],
        "Patient": [
            "Hi doctor,I have had a cold\nsince Monday.",
            "Hello doctor, it aches at night.",
            "Hi doctor, is it?",
        ],
        "Doctor": broken,
        "__index_level_0__": pa.array([7, 8, 9], pa.int64()),
    }
)
pq.write_table(table, sys.argv[1], compression="snappy")
