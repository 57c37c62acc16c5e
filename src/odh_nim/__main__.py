"""`python -m odh_nim` is the command line."""

from odh_nim.cli.main import main

if __name__ == "__main__":
    main()
