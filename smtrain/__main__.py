"""`python -m smtrain`."""

from smtrain.cli.main import main

if __name__ == "__main__":
    main()
