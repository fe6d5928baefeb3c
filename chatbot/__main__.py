"""`python -m chatbot`: the same as `kalshi-chatops`."""

from chatbot.cli import main

if __name__ == "__main__":
    main()
