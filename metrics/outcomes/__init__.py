"""How mentions ended: next replies, resolution, reasons for no reply, reopened, one touch, not delivered."""
