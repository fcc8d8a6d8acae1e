"""Makes grids/ (NRRD and MetaImage) and grids/expected.json beside this file, the same each time.

Needs numpy and SimpleITK, which writes most of the files and reads all of them: what it says of values and
places is in expected.json.
"""
import gzip
import json
import pathlib
import shutil

import numpy as np
import SimpleITK as sitk

from make_dicom import lps_to_ras, rotation


def main(here):
    root = here / "grids"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    rng = np.random.default_rng(11)
    turned = rotation(10, -20, 30)

    def volume(kind):
        image = sitk.GetImageFromArray(rng.integers(0, 100, (4, 3, 5)).astype(kind))
        image.SetDirection(turned.ravel().tolist())
        image.SetSpacing((0.5, 0.75, 5))
        image.SetOrigin((-10.125, 20.3, 1e-3))
        return image

    kinds = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"]
    for n, kind in enumerate(kinds):
        for extension in ["nrrd", "mha"]:
            sitk.WriteImage(volume(kind), str(root / f"{kind}.{extension}"), useCompression=n % 2 == 0)
    for compressed in (False, True):
        for extension in ["nhdr", "mhd"]:
            name = f"detached{int(compressed)}.{extension}"
            sitk.WriteImage(volume("int16"), str(root / name), useCompression=compressed)

    # By hand, what SimpleITK does not write. Values 0 to 23 in a grid of 4×3×2.
    values = np.arange(24).reshape(2, 3, 4)
    directions = "space directions: (0,0.5,0) (-0.6,0,0) (0,0,3)\nspace origin: (1.5,-2.5,3.25)\n"
    common = "dimension: 3\nsizes: 4 3 2\n"
    for name, header, data in [
        ("ras.nrrd", "NRRD0005\n# a comment\ntype: int16\n" + common + "space: right-anterior-superior\n"
         + directions + "kinds: space space space\nendian: big\nencoding: raw\nkey:=value: x\n\n",
         values.astype(">i2").tobytes()),
        ("las.nrrd", "NRRD0004\r\ntype: float\r\n" + (common + "space: LAS\n" + directions).replace("\n", "\r\n")
         + "endian: little\r\nencoding: gz\r\n\r\n", gzip.compress(values.astype("<f4").tobytes(), mtime=0)),
        ("skip.nrrd", "NRRD0001\ntype: uchar\n" + common + "spacings: 0.5 0.6 3\nline skip: 2\n"
         "byte skip: 3\nencoding: raw\n\n", b"one\ntwo\nxyz" + values.astype("u1").tobytes()),
        ("tail.nrrd", "NRRD0001\ntype: uchar\n" + common + "spacings: 0.5 0.6 3\nbyte skip: -1\n"
         "encoding: raw\n\n", b"anything" + values.astype("u1").tobytes()),
        ("big.mha", "ObjectType = Image\nNDims = 3\nBinaryDataByteOrderMSB = True\nDimSize = 4 3 2\n"
         "ElementSpacing = 0.5 0.6 3\nPosition = 1 2 3\nElementType = MET_INT\nElementDataFile = LOCAL\n",
         values.astype(">i4").tobytes()),
        ("size.mha", "NDims = 3\nDimSize = 4 3 2\nElementSize = 0.5 0.6 3\nHeaderSize = 5\n"
         "TransformMatrix = 0 1 0 -1 0 0 0 0 1\nElementType = MET_UCHAR\nElementDataFile = size.bin\n", b""),
        ("size.bin", "", b"12345" + values.astype("u1").tobytes()),
    ]:
        (root / name).write_bytes(header.encode() + data)

    expected = {}
    for path in sorted(root.glob("*")):
        if path.suffix not in (".nrrd", ".nhdr", ".mha", ".mhd") or path.name in ("skip.nrrd",):
            continue
        image = sitk.ReadImage(str(path))
        m = np.eye(4)
        m[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) @ np.diag(image.GetSpacing())
        m[:3, 3] = image.GetOrigin()
        array = sitk.GetArrayFromImage(image)
        expected[path.name] = {"affine": lps_to_ras(m), "shape": list(array.shape),
                               "values": [float(v) for v in array.ravel()]}
    # SimpleITK knows no line skip; the file holds the same as tail.nrrd.
    expected["skip.nrrd"] = expected["tail.nrrd"]
    (root / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(__file__).resolve().parent)
