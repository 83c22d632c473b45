"""Blueprint in, finished video out. `plan` decides, purely; `render` acts; `gate` refuses whatever is not as planned."""
