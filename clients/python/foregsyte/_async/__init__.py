"""The client. eng/python.sh writes the package _sync from this one."""
