"""The demo release's small HTTP services: one image, one program, told apart by the variable SERVICE."""
