"""What the public pages have in common: elements that escape by themselves, and the frame."""
