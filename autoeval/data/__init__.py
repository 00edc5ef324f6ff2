"""Any source to rows, rows to pairs."""
