"""Makes the fixtures beside this file with nibabel and Pillow (pip install nibabel pillow).

Voxel (i, j, k) of every NIfTI holds i + 10 j + 100 k (before scaling); the pictures hold 7 x + 11 y.
"""

import pathlib
import nibabel
import numpy as np
from PIL import Image

here = pathlib.Path(__file__).parent
i, j, k = np.meshgrid(np.arange(4), np.arange(3), np.arange(2), indexing="ij")
values = i + 10 * j + 100 * k
# Oblique, sheared, anisotropic, i to the left; every number is exact in the sform's floats.
oblique = np.array(
    [[-0.75, 0, 0.125, 11.5], [0, 1.5, -0.5, -20.25], [0, 0.75, 3, 7], [0, 0, 0, 1]], float)

for name in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32",
             "float64"]:
    data = values.clip(max=127) if name == "int8" else values
    image = nibabel.Nifti1Image(data.astype(name), oblique, dtype=name)
    image.set_sform(oblique, 1)
    nibabel.save(image, here / f"{name}.nii.gz")

header = nibabel.Nifti1Header(endianness=">")
image = nibabel.Nifti1Image(values.astype(">i2"), oblique, header, dtype=">i2")
nibabel.save(image, here / "bigendian.nii")

header = nibabel.Nifti1Image(values.astype("int16"), oblique).header.copy()
header.set_data_offset(352)
header.set_slope_inter(2, -1024)
header.set_sform(oblique, 1)
with open(here / "scaled.nii", "wb") as file:
    header.write_to(file)  # 352 bytes, the extension mark among them
    file.write(values.astype("int16").tobytes(order="F"))

# qform alone: a rotation of 30 degrees about z, flipped in x.
c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
rigid = np.array([[-c, -s, 0, 5], [-s, c, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1]]) @ np.diag([2, 1.5, 4, 1])
image = nibabel.Nifti1Image(values.astype("int16"), rigid)
image.set_sform(None, 0)
image.set_qform(rigid, 1)
nibabel.save(image, here / "qform.nii")

image = nibabel.Nifti1Image(values[:, :, 0].astype("int16"), oblique)
nibabel.save(image, here / "slice.nii")
nibabel.save(nibabel.Nifti1Image(values[..., None].astype("int16"), oblique), here / "one_of_4d.nii")
nibabel.save(
    nibabel.Nifti1Image(np.stack([values, values], -1).astype("int16"), oblique), here / "4d.nii")
nibabel.save(nibabel.Nifti2Image(values.astype("int16"), oblique), here / "nifti2.nii")

y, x = np.mgrid[0:5, 0:6]
gray = (7 * x + 11 * y).astype("uint8")
Image.fromarray(gray).save(here / "gray.png")
Image.fromarray(np.stack([gray, gray + 50, 200 - gray], -1)).save(here / "rgb.png")
alpha = np.full_like(gray, 9)
Image.fromarray(np.stack([gray, gray + 50, 200 - gray, alpha], -1)).save(here / "rgba.png")
Image.fromarray(np.stack([gray, alpha], -1), "LA").save(here / "la.png")
Image.fromarray((gray.astype("uint16") * 300)).save(here / "gray16.png")
Image.fromarray((gray % 2).astype(bool)).save(here / "bits.png")
indexed = Image.fromarray((gray % 4).astype("uint8"), "P")
indexed.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
indexed.save(here / "palette.png", bits=2)
smooth = Image.fromarray(np.tile(np.arange(0, 256, 4, dtype="uint8"), (48, 1)))
smooth.save(here / "gray.jpg", quality=95)
smooth.convert("RGB").save(here / "colour.jpg", quality=95, progressive=True)
smooth.convert("CMYK").save(here / "cmyk.jpg")
