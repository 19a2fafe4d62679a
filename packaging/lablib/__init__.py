"""The lab's parts; packaging/lab is the command, lab.py the class that joins them."""
