"""The tests mirror the packages; every signal they use is generated."""
