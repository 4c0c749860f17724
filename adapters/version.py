"""The version of Shoptalk, told without asking the installed package."""

VERSION = "0.1.0"
