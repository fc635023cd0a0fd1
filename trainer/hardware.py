"""What this machine offers the trainer: device, number format, compiler; and how to name it."""

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from xlfuncs.errors import OptionError, TooLittleMemoryError

COMPILE_STEPS = 12_000  # compiling costs 20-40 s and saves about 3 ms a step on two cores


def choose_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one; raises OptionError for `cuda` without CUDA."""
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        built = "torch finds no NVIDIA GPU" if torch.version.cuda else "this torch was installed without CUDA"
        raise OptionError(f"--device cuda can't be used: {built}; use --device cpu, or auto.")
    return torch.device("cuda" if available and name in ("auto", "cuda") else "cpu")


def device_name(device: torch.device) -> str:
    """The device in words, such as `NVIDIA H100` or `AMD EPYC, 2 threads`."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{processor_name()}, {torch.get_num_threads()} threads"


def processor_name() -> str:
    """The processor's model as the operating system names it."""
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def has_bfloat16(device: torch.device) -> bool:
    """Whether the processor multiplies bfloat16 in hardware; emulated, it would only lose accuracy.

    On CUDA the answer is no: a step there waits for memory and launches, and casting would add launches.
    """
    checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return device.type == "cpu" and any(check() for check in checks if check is not None)


def compiler_found() -> bool:
    """Whether torch.compile would find the C++ compiler that it uses on this system."""
    if platform.system() == "Windows":
        return shutil.which("cl") is not None
    return any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "g++", "clang++"))


def should_compile(device: torch.device, steps: int) -> bool:
    """Whether torch.compile pays: a long run on a CPU with a compiler. CUDA graphs need none."""
    return device.type == "cpu" and steps >= COMPILE_STEPS and compiler_found()


@contextmanager
def enough_memory() -> Iterator[None]:
    """Turn the ways in which memory runs out into one sentence."""
    try:
        yield
    except MemoryError as error:
        raise _too_little() from error
    except RuntimeError as error:
        # torch.OutOfMemoryError is CUDA's; the CPU allocator has only its text, which differs on Windows.
        texts = ("can't allocate memory", "not enough memory")
        if isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in texts):
            raise _too_little() from error
        raise


def _too_little() -> TooLittleMemoryError:
    return TooLittleMemoryError("training needs about 2 GB: close other programs or lower the --batch-size")
