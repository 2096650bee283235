#!/usr/bin/env python3
"""Writes the table with which texts are folded for search, from Python's copy of the Unicode Character Database.

A line "XXXX YYYY ZZZZ" maps a code point to its NFKC case folding, a line "+XXXX YYYY ZZZZ" composes two code points to
a third one. Hangul is left out: its syllables do not change. Usage: eng/folding.py > src/JobService/Search/folding.txt
"""
import sys
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)


def fold(text):
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def code_points(text):
    return " ".join(f"{ord(character):X}" for character in text)


def characters():
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if unicodedata.category(character) not in ("Cs", "Co", "Cn") and number not in HANGUL:
            yield character


def main():
    print(f"# Unicode {unicodedata.unidata_version}, written by eng/folding.py")
    for character in characters():
        if fold(character) != character:
            print(code_points(character), code_points(fold(character)))
    for character in characters():
        parts = unicodedata.normalize("NFD", character)
        composed = unicodedata.normalize("NFC", parts)
        if composed == character and len(parts) > 1 and fold(character) == character:
            head = unicodedata.normalize("NFC", parts[:-1])
            if len(head) == 1:
                print("+" + code_points(head), code_points(parts[-1]), code_points(character))


if __name__ == "__main__":
    main()
