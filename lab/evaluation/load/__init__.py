"""The server under load: its answers per second, waiting times, processor time and memory."""
