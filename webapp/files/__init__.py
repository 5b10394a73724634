"""Read uploaded CSV and Parquet files in a limited child process.

Light, for web processes:

- ``types``: limits, errors, parsed rows, and the checks that all kinds of files share;
- ``readings``: what a value means, of inputs and of labels;
- ``sniff``: the kind of a file by its content, and what is packed in it;
- ``example``: the file behind *Download an example*;
- ``parse_message``, ``parse_in_child``: the messages to and from the parsing process, and running
  it;
- ``counted_message``: the same messages for the counting process.

For the child processes and commands alone:

- ``parse``: reads a file's cases, or writes its scored copy;
- ``count_labelled``: counts the cases of a labelled file;
- ``labelled``: the rows of a labelled file in order;
- ``case_table``: the rows of a table of cases and numbers;
- ``csv_reader``, ``arrow_csv``: a CSV by Python's csv module, and a faster reader for plain ones;
- ``parquet_reader``, ``arrow``: a Parquet file, and what the values of Arrow's columns mean;
- ``scored_copy``: a file's own rows with scores beside them.
"""
