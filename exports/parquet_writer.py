"""A process of its own that writes a Parquet file: JSON on standard input, the file on standard output.

The first line names the columns, [[name, kind], …]; every other line is a batch, a list of values for each column.
"""

import json
import sys

# rows of a batch are few where columns are many; a row group of this many cells reads well
CELLS_OF_A_GROUP = 2_000_000


def main() -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.set_cpu_count(1)
    kinds = {
        "number": pyarrow.float64(),
        "time": pyarrow.timestamp("ms", tz="UTC"),
        "list": pyarrow.list_(pyarrow.string()),
        "text": pyarrow.string(),
    }
    columns = json.loads(sys.stdin.buffer.readline())
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns])
    with pyarrow.parquet.ParquetWriter(sys.stdout.buffer, schema, compression="zstd") as writer:
        gathered, num_cells = [], 0
        for line in sys.stdin.buffer:
            batch = json.loads(line)
            arrays = [pyarrow.array(values, type=field.type) for values, field in zip(batch, schema, strict=True)]
            gathered.append(pyarrow.record_batch(arrays, schema=schema))
            num_cells += len(batch[0]) * len(columns)
            if num_cells >= CELLS_OF_A_GROUP:
                writer.write_table(pyarrow.Table.from_batches(gathered))
                gathered, num_cells = [], 0
        if gathered:
            writer.write_table(pyarrow.Table.from_batches(gathered))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
