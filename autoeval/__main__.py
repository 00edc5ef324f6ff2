"""`python -m autoeval` is the command `autoeval`."""

from autoeval.cli import main

if __name__ == "__main__":
    main()
