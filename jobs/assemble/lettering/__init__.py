"""Words in the picture and beside it: fonts, lines, scripts, captions and cards."""
