"""What both halves of Trackmark need: audio in and out, clips, model cards, errors."""
