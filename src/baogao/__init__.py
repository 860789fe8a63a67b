"""baogao: Chinese government annual reports as data, in five stages from corpus to evaluate."""

__version__ = "0.1.0"
