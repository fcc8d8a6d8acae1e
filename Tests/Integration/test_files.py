"""The command line on the files that radiology uses; SimpleITK and nibabel say what is right."""

from __future__ import annotations

import importlib.util
import pathlib
import subprocess

import nibabel
import numpy as np
import pytest

from phantoms import ct_volume
from running_server import binary

sitk = pytest.importorskip("SimpleITK")
pytest.importorskip("pydicom")

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "ImagingTests" / "Fixtures"
spec = importlib.util.spec_from_file_location("make_dicom", FIXTURES / "make_dicom.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)

TURNED = make.rotation(8, -11, 5)
SPACING = (0.8, 0.9)
DEPTH = 5


def write_series(folder: pathlib.Path, step, *, series="3", leave=(), modality="CT") -> None:
    """A phantom as a CT series, its names in another order than its slices."""
    voxels = ct_volume(80, depth=DEPTH, height=64, width=72).astype(np.int16)
    for k in range(DEPTH):
        if k in leave:
            continue
        data = make.image(voxels[k] + np.int16(1024), series=series, number=DEPTH - k, modality=modality)
        make.placed(data, np.add([-40.5, -30.25, 210], np.multiply(k, step)), TURNED, SPACING,
                    np.linalg.norm(step))
        make.save(make.rescaled(data, 1, -1024), folder / f"{(k * 3 + 1) % DEPTH}.dcm")


def segsam(server, *arguments, code=0) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [str(binary()), "segment", *map(str, arguments), "--server", server.endpoint,
         "-c", "liver", "--threshold", "0.05", "--presence-threshold", "0", "--json"],
        capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    return done


def places(image) -> np.ndarray:
    """Of the eight corner voxels and the middle, RAS mm, by SimpleITK."""
    size = np.array(image.GetSize())
    corners = [(size - 1) * [a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)] + [size // 2]
    return np.array([np.array(image.TransformIndexToPhysicalPoint([int(v) for v in at]))
                     * [-1, -1, 1] for at in corners])


def corners(shape) -> np.ndarray:
    size = np.array(shape)
    return np.array([(size - 1) * [a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
                    + [size // 2], float)


@pytest.fixture
def series(tmp_path) -> pathlib.Path:
    folder = tmp_path / "study"
    write_series(folder, 8 * TURNED[:, 2])
    (folder / "notes.txt").write_text("not an image")
    return folder


def read_series(folder: pathlib.Path):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def test_masks_lie_where_simpleitk_puts_the_series(server, series, tmp_path):
    segsam(server, series, "-o", tmp_path / "out")
    image = read_series(series)
    mask = nibabel.load(tmp_path / "out" / "liver.nii.gz")
    assert mask.shape == image.GetSize()
    got = nibabel.affines.apply_affine(mask.affine, corners(mask.shape))
    # NIfTI holds the affine as float32.
    assert np.abs(got - places(image)).max() < 2e-4


def test_the_same_masks_from_every_format(server, series, tmp_path):
    image = read_series(series)
    segsam(server, series, "-o", tmp_path / "dicom")
    wanted = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "dicom" / "liver.nii.gz")))
    for extension in ["nii.gz", "nrrd", "mha", "nhdr", "mhd"]:
        path = tmp_path / f"image.{extension}"
        sitk.WriteImage(image, str(path))
        out = tmp_path / f"out-{extension}"
        segsam(server, path, "--modality", "CT", "-o", out)
        written = {"nhdr": "nrrd", "mhd": "mha"}.get(extension, extension)
        mask = sitk.ReadImage(str(out / f"liver.{written}"))
        assert np.array_equal(sitk.GetArrayFromImage(mask), wanted), extension
        assert np.abs(places(mask) - places(image)).max() < 2e-4, extension
        if written in ("nrrd", "mha"):
            assert np.allclose(mask.GetDirection(), image.GetDirection(), atol=1e-12)
            assert np.allclose(mask.GetOrigin(), image.GetOrigin(), atol=1e-9)


def test_a_tilted_gantry(server, tmp_path):
    step = 8 * TURNED[:, 2] + 2 * TURNED[:, 1]
    write_series(tmp_path / "study", step)
    segsam(server, tmp_path / "study", "-o", tmp_path / "out")
    mask = nibabel.load(tmp_path / "out" / "liver.nii.gz")
    first = np.array([-40.5, -30.25, 210])
    for k in range(DEPTH):
        lps = first + k * step + 7 * SPACING[1] * TURNED[:, 0] + 9 * SPACING[0] * TURNED[:, 1]
        got = nibabel.affines.apply_affine(mask.affine, [7, 9, k])
        assert np.abs(got - lps * [-1, -1, 1]).max() < 2e-4


def test_questions_are_asked(server, tmp_path):
    study = tmp_path / "study"
    write_series(study / "a", 8 * TURNED[:, 2], series="3")
    write_series(study / "b", 8 * TURNED[:, 2], series="4", leave=(2,))
    done = segsam(server, study, "-o", tmp_path / "out", code=65)
    assert "2 series" in done.stderr and "--series" in done.stderr
    assert "Nobody" not in done.stderr
    segsam(server, study, "--series", 3, "-o", tmp_path / "out")
    done = segsam(server, study, "--series", 4, "-o", tmp_path / "out", code=65)
    assert "1 slice is missing" in done.stderr
    segsam(server, study, "--series", 4, "--allow-missing-slices", "-o", tmp_path / "out",
           "--mask-format", "nrrd")
    assert sitk.ReadImage(str(tmp_path / "out" / "liver.nrrd")).GetSize()[2] == DEPTH
