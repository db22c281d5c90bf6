"""`python -m fraud_ops`: the `fraud` command."""

from fraud_ops.cli import main

if __name__ == "__main__":
    main()
