"""Makes dicom/ and dicom/expected.json beside this file, the same each time.

Needs pydicom, numpy, SimpleITK and DCMTK's dcmcjpeg and dcmcjpls (Debian: dcmtk). Values and places in
expected.json come from SimpleITK (GDCM), those of tilted and multi-frame images from pydicom and
the formula of PS3.3 C.7.6.2.1.1; the two are compared where both can tell.
"""
import json
import pathlib
import shutil
import subprocess

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

ROOT = "1.2.826.0.1.3680043.8.498.1."
CT, MR, DX, US = (
    "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.6.1")
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"


def rotation(a, b, c):
    """Three angles about x, y, z, in degrees."""
    a, b, c = np.radians([a, b, c])
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return z @ y @ x


def text(value):
    """A decimal string of at most 16 characters."""
    return f"{value:.10f}"[:16] if abs(value) >= 1e-10 else "0"


def image(pixels, *, series="1", number=1, modality="CT", sop=CT, syntax=ExplicitVRLittleEndian,
          bits=None, photometric="MONOCHROME2", name=None):
    """A data set with pixels [rows, columns] or [rows, columns, 3], or frames of them."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop
    meta.MediaStorageSOPInstanceUID = ROOT + f"{series}.{number}"
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = ROOT + "0"
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = sop, meta.MediaStorageSOPInstanceUID
    data.PatientName, data.PatientID = "Nobody^Synthetic", "none"
    data.StudyInstanceUID, data.SeriesInstanceUID = ROOT + "100", ROOT + series
    data.FrameOfReferenceUID = ROOT + "200"
    data.Modality, data.SeriesNumber, data.InstanceNumber = modality, int(series.split(".")[0]), number
    if name:
        data.SeriesDescription = name
    colour = pixels.ndim >= 3 and pixels.shape[-1] == 3
    data.Rows, data.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    data.SamplesPerPixel = 3 if colour else 1
    if colour:
        data.PlanarConfiguration = 0
    data.PhotometricInterpretation = photometric
    size = pixels.dtype.itemsize * 8
    data.BitsAllocated, data.BitsStored = size, bits or size
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    big = syntax == ExplicitVRBigEndian
    raw = pixels.astype(pixels.dtype.newbyteorder(">")) if big else pixels
    data.PixelData = raw.tobytes() + b"\0" * (raw.nbytes % 2)
    data["PixelData"].VR = "OW" if size > 8 else "OB"
    return data


def placed(data, position, matrix, spacing, thickness):
    data.ImageOrientationPatient = [text(v) for v in [*matrix[:, 0], *matrix[:, 1]]]
    data.ImagePositionPatient = [text(v) for v in position]
    data.PixelSpacing = [text(v) for v in spacing]
    data.SliceThickness = text(thickness)
    return data


def rescaled(data, slope, intercept):
    data.RescaleSlope, data.RescaleIntercept = text(slope), text(intercept)
    return data


def save(data, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)


def stack(folder, count, matrix, spacing, step, *, dtype=np.int16, rescale=(1, -1024), leave=(),
          shape=(5, 6), origin=(-30.5, 12.25, 100.125), descending=False, **more):
    """A series of `count` slices, `step` (LPS mm, a vector) from each to the next."""
    rng = np.random.default_rng(7)
    for k in range(count):
        pixels = rng.integers(0, 1000, shape).astype(dtype)
        if dtype == np.int16:
            pixels -= 300
        if k in leave:
            continue
        number = count - k if descending else k + 1
        data = placed(image(pixels, number=number, **more), np.add(origin, np.multiply(k, step)),
                      matrix, spacing, np.linalg.norm(step))
        if rescale:
            rescaled(data, *rescale)
        # Names in another order than places.
        save(data, folder / f"{(k * 5 + 3) % count:02d}-{k}.dcm")


def lps_to_ras(matrix):
    return (np.diag([-1.0, -1, 1, 1]) @ matrix).tolist()


def by_formula(files):
    """Affine and values of placed single-frame files, by PS3.3 C.7.6.2.1.1."""
    sets = [pydicom.dcmread(f) for f in files]
    o = np.array(sets[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(o[0], o[1])
    sets.sort(key=lambda d: np.dot(np.array(d.ImagePositionPatient, float), normal))
    first, last = (np.array(d.ImagePositionPatient, float) for d in (sets[0], sets[-1]))
    s = [float(v) for v in sets[0].PixelSpacing]
    m = np.eye(4)
    m[:3, 0], m[:3, 1] = o[0] * s[1], o[1] * s[0]
    m[:3, 2] = (last - first) / (len(sets) - 1)
    m[:3, 3] = first
    values = [d.pixel_array * float(getattr(d, "RescaleSlope", 1))
              + float(getattr(d, "RescaleIntercept", 0)) for d in sets]
    return lps_to_ras(m), np.array(values)


def by_simpleitk(folder, series=None):
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series or "")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(names)
    read = reader.Execute()
    m = np.eye(4)
    m[:3, :3] = np.reshape(read.GetDirection(), (3, 3)) @ np.diag(read.GetSpacing())
    m[:3, 3] = read.GetOrigin()
    return lps_to_ras(m), sitk.GetArrayFromImage(read)


def main(here):
    root = here / "dicom"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    expected = {}

    def expect(name, affine, values):
        values = np.asarray(values, float)
        expected[name] = {"affine": affine, "shape": list(values.shape),
                          "values": [float(v) for v in values.ravel()]}

    def both(name, series=None):
        affine, values = by_simpleitk(root / name, series)
        formula, again = by_formula(sorted((root / name).glob("*.dcm")))
        assert np.allclose(affine, formula, atol=1e-5), name
        assert np.allclose(values, again, atol=1e-3), name
        expect(name, affine, values)

    turned = rotation(12, -25, 37)
    stack(root / "oblique", 6, turned, (0.5, 0.6), 5 * turned[:, 2])
    both("oblique")
    # Rows to the head, columns to the front, slices to the right; numbered from the other end.
    sagittal = np.column_stack([[0, 0, 1], [0, -1, 0], np.cross([0, 0, 1], [0, -1, 0])]).astype(float)
    stack(root / "flipped", 5, sagittal, (0.75, 0.5), -3.3 * sagittal[:, 2], dtype=np.uint16,
          rescale=(2.5, -3), modality="MR", sop=MR, descending=True)
    both("flipped")
    stack(root / "tilt", 5, np.eye(3), (0.5, 0.5), [0, 1.2, 4.5])
    expect("tilt", *by_formula(sorted((root / "tilt").glob("*"))))
    stack(root / "missing", 7, turned, (0.5, 0.6), 5 * turned[:, 2], leave=(3, 4))
    stack(root / "implicit", 3, turned, (0.5, 0.6), 5 * turned[:, 2], syntax=ImplicitVRLittleEndian)
    both("implicit")
    stack(root / "bigendian", 3, turned, (0.5, 0.6), 5 * turned[:, 2], syntax=ExplicitVRBigEndian)
    both("bigendian")

    # Compressed in four ways: GDCM reads them again. Flat blocks, which RLE makes smaller.
    for name, tool in {"jpeg": ["dcmcjpeg", "+e1"], "jpegll": ["dcmcjpeg", "+el"],
                       "jpegls": ["dcmcjpls"], "rle": None}.items():
        stack(root / name, 3, np.eye(3), (0.5, 0.6), [0, 0, 2.5], dtype=np.uint16, shape=(16, 16),
              bits=12)
        before = by_formula(sorted((root / name).glob("*")))
        for path in sorted((root / name).glob("*")):
            if tool:
                subprocess.run([*tool, str(path), str(path)], check=True)
            else:
                data = pydicom.dcmread(path)
                data.compress(RLELossless, generate_instance_uid=False)
                data.save_as(path)
        affine, values = by_simpleitk(root / name)
        assert np.allclose(affine, before[0], atol=1e-5) and np.array_equal(values, before[1]), name
        expect(name, affine, values)

    # 12 bits with rubbish above them, signed.
    rng = np.random.default_rng(8)
    cells = rng.integers(0, 65536, (4, 4)).astype(np.uint16)
    data = rescaled(placed(image(cells, bits=12), [0, 0, 0], np.eye(3), [1, 1], 2), 1, 0)
    data.PixelRepresentation = 1
    save(data, root / "bits12.dcm")
    low = (cells & 0xFFF).astype(int)
    expect("bits12.dcm", np.diag([-1.0, -1, 2, 1]).tolist(), np.where(low > 2047, low - 4096, low))

    levels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    data = image(levels, modality="DX", sop=DX, photometric="MONOCHROME1")
    save(data, root / "mono1.dcm")
    expect("mono1.dcm", np.diag([-1.0, -1, 1, 1]).tolist(), 255 - levels)
    colours = rng.integers(0, 256, (4, 5, 3)).astype(np.uint8)
    save(image(colours, modality="US", sop=US, photometric="RGB"), root / "rgb.dcm")
    expect("rgb.dcm", np.diag([-1.0, -1, 1, 1]).tolist(), colours)
    planar = image(np.ascontiguousarray(colours), modality="US", sop=US, photometric="RGB")
    planar.PlanarConfiguration = 1
    planar.PixelData = np.ascontiguousarray(colours.transpose(2, 0, 1)).tobytes()
    save(planar, root / "planar.dcm")
    expected["planar.dcm"] = expected["rgb.dcm"]
    data = image(levels, modality="US", sop=US, photometric="PALETTE COLOR")
    table = rng.integers(0, 256, (3, 256)).astype(np.uint16)
    for n, name in enumerate(["Red", "Green", "Blue"]):
        setattr(data, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(data, f"{name}PaletteColorLookupTableData", (table[n] * 257).tobytes())
    save(data, root / "palette.dcm")
    expect("palette.dcm", np.diag([-1.0, -1, 1, 1]).tolist(), table.T[levels])

    # Enhanced CT: orientation and measures shared, positions by frame, in another order.
    order = [2, 0, 3, 1]
    frames = rng.integers(0, 4096, (4, 5, 6)).astype(np.uint16)
    for name, syntax in {"enhanced.dcm": ExplicitVRLittleEndian,
                         "enhanced_implicit.dcm": ImplicitVRLittleEndian}.items():
        data = image(frames, sop=ENHANCED_CT, syntax=syntax)
        data.NumberOfFrames = 4
        shared, orientation, measures, value = Dataset(), Dataset(), Dataset(), Dataset()
        orientation.ImageOrientationPatient = [text(v) for v in [*turned[:, 0], *turned[:, 1]]]
        measures.PixelSpacing, measures.SliceThickness = ["0.4", "0.7"], "3"
        value.RescaleSlope, value.RescaleIntercept, value.RescaleType = "2", "-1000", "HU"
        shared.PlaneOrientationSequence = Sequence([orientation])
        shared.PixelMeasuresSequence = Sequence([measures])
        shared.PixelValueTransformationSequence = Sequence([value])
        data.SharedFunctionalGroupsSequence = Sequence([shared])
        groups = []
        for k in order:
            group, position = Dataset(), Dataset()
            position.ImagePositionPatient = [text(v) for v in np.array([1, 2, 3]) + 3 * k * turned[:, 2]]
            group.PlanePositionSequence = Sequence([position])
            groups.append(group)
        data.PerFrameFunctionalGroupsSequence = Sequence(groups)
        save(data, root / name)
        m = np.eye(4)
        m[:3, 0], m[:3, 1], m[:3, 2] = turned[:, 0] * 0.7, turned[:, 1] * 0.4, turned[:, 2] * 3
        m[:3, 3] = [1, 2, 3]
        values = np.empty(frames.shape)
        for n, k in enumerate(order):
            values[k] = frames[n] * 2.0 - 1000
        expect(name, lps_to_ras(m), values)

    # Two series in one folder, a folder in it, and files that are none.
    stack(root / "two", 3, np.eye(3), (1, 1), [0, 0, 2], series="11", name="arterial")
    stack(root / "two" / "deeper", 4, turned, (1, 1), 3 * turned[:, 2], series="12", modality="MR",
          sop=MR, rescale=None, name="T2 <tra>")
    (root / "two" / "notes.txt").write_text("no DICOM")
    report = image(levels, series="13")
    for key in ["Rows", "Columns", "PixelData"]:
        delattr(report, key)
    save(report, root / "two" / "report.dcm")

    # Two phases at the same places; of the first file a copy besides.
    for phase in (1, 2):
        for k in range(3):
            pixels = np.full((2, 2), 100 * phase + k, np.int16)
            data = rescaled(placed(image(pixels, number=10 * k + 3 - phase), [0, 0, 2 * k], np.eye(3),
                                   [1, 1], 2), 1, 0)
            data.TemporalPositionIdentifier = phase
            save(data, root / "phases" / f"{phase}{k}.dcm")
    shutil.copy(root / "phases" / "10.dcm", root / "phases" / "copy.dcm")

    # A localiser among the slices.
    stack(root / "localiser", 3, np.eye(3), (1, 1), [0, 0, 2])
    save(placed(image(np.zeros((5, 6), np.int16), number=9), [0, 0, 0], sagittal, [1, 1], 1),
         root / "localiser" / "scout.dcm")
    # JPEG 2000 by name.
    data = pydicom.dcmread(root / "bits12.dcm")
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
    data.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51"])
    data["PixelData"].is_undefined_length = True
    data["PixelData"].VR = "OB"
    save(data, root / "jpeg2000.dcm")
    (root / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(__file__).resolve().parent)
