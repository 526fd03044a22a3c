"""The one thing that pyproject.toml cannot say: the folder ``assets`` is installed as ``radar/assets``."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["radar*", "jobs*"]), "radar.assets"],
    package_dir={"radar.assets": "assets"},
)
