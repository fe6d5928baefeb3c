"""The pictures in docs/pictures, drawn from messages that the bot really sent, so that they stay true."""
