#include "CDICOM.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmimage/diregist.h>
#include <dcmtk/dcmimgle/dcmimage.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include <climits>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

struct cdicom_file {
  DcmFileFormat format;
  DcmFileCache cache;
};

namespace {

int refuse(int code, char *error, size_t size, const char *message, const char *detail = "") {
  snprintf(error, size, "%s%s", message, detail);
  return code;
}

// Implicit VR needs a dictionary, and DCMTK's is a file that need not be there: what is asked for
// here is known in any case.
struct Known {
  DcmTagKey key;
  DcmEVR vr;
};

void learn() {
  static const Known known[] = {
    {DCM_SOPClassUID, EVR_UI}, {DCM_SOPInstanceUID, EVR_UI}, {DCM_Modality, EVR_CS},
    {DCM_ImageType, EVR_CS}, {DCM_SeriesDescription, EVR_LO}, {DCM_StudyInstanceUID, EVR_UI},
    {DCM_SeriesInstanceUID, EVR_UI}, {DCM_FrameOfReferenceUID, EVR_UI},
    {DCM_SeriesNumber, EVR_IS}, {DCM_AcquisitionNumber, EVR_IS}, {DCM_InstanceNumber, EVR_IS},
    {DCM_TemporalPositionIdentifier, EVR_IS}, {DCM_TemporalPositionIndex, EVR_UL},
    {DCM_ImagePositionPatient, EVR_DS}, {DCM_ImageOrientationPatient, EVR_DS},
    {DCM_SliceThickness, EVR_DS}, {DCM_SpacingBetweenSlices, EVR_DS},
    {DCM_PixelSpacing, EVR_DS}, {DCM_SamplesPerPixel, EVR_US},
    {DCM_PhotometricInterpretation, EVR_CS}, {DCM_PlanarConfiguration, EVR_US},
    {DCM_NumberOfFrames, EVR_IS}, {DCM_Rows, EVR_US}, {DCM_Columns, EVR_US},
    {DCM_BitsAllocated, EVR_US}, {DCM_BitsStored, EVR_US}, {DCM_HighBit, EVR_US},
    {DCM_PixelRepresentation, EVR_US}, {DCM_RescaleIntercept, EVR_DS},
    {DCM_RescaleSlope, EVR_DS}, {DCM_RescaleType, EVR_LO},
    {DCM_PerFrameFunctionalGroupsSequence, EVR_SQ},
    {DCM_SharedFunctionalGroupsSequence, EVR_SQ}, {DCM_PlanePositionSequence, EVR_SQ},
    {DCM_PlaneOrientationSequence, EVR_SQ}, {DCM_PixelMeasuresSequence, EVR_SQ},
    {DCM_PixelValueTransformationSequence, EVR_SQ}, {DCM_FrameContentSequence, EVR_SQ},
    {DCM_RedPaletteColorLookupTableDescriptor, EVR_US},
    {DCM_GreenPaletteColorLookupTableDescriptor, EVR_US},
    {DCM_BluePaletteColorLookupTableDescriptor, EVR_US},
    {DCM_RedPaletteColorLookupTableData, EVR_OW}, {DCM_GreenPaletteColorLookupTableData, EVR_OW},
    {DCM_BluePaletteColorLookupTableData, EVR_OW}, {DCM_PixelData, EVR_ox},
  };
  DcmDataDictionary &dictionary = dcmDataDict.wrlock();
  for (const Known &each : known) {
    if (dictionary.findEntry(each.key, nullptr)) continue;
    dictionary.addEntry(new DcmDictEntry(each.key.getGroup(), each.key.getElement(),
                                         DcmVR(each.vr), "Known", 1, DcmVariableVM, nullptr,
                                         OFFalse, nullptr));
  }
  dcmDataDict.wrunlock();
}

void start() {
  static std::once_flag once;
  std::call_once(once, [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    learn();
    DcmRLEDecoderRegistration::registerCodecs();
    DJDecoderRegistration::registerCodecs();
    DJLSDecoderRegistration::registerCodecs();
  });
}

double number(DcmElement *element, unsigned long index, bool &valid) {
  Float64 real = 0;
  Uint16 u16 = 0;
  Sint16 s16 = 0;
  Uint32 u32 = 0;
  Sint32 s32 = 0;
  valid = true;
  if (element->getFloat64(real, index).good()) return valid = std::isfinite(real), real;
  if (element->getUint16(u16, index).good()) return u16;
  if (element->getSint16(s16, index).good()) return s16;
  if (element->getUint32(u32, index).good()) return u32;
  if (element->getSint32(s32, index).good()) return s32;
  return valid = false, 0;
}

int numbers(DcmItem *item, const DcmTagKey &key, double *out, int count) {
  DcmElement *element = nullptr;
  if (!item || item->findAndGetElement(key, element).bad() || !element) return 0;
  int n = 0;
  for (bool valid = true; n < count; n++) {
    out[n] = number(element, (unsigned long)n, valid);
    if (!valid) break;
  }
  return n;
}

uint32_t little(const Uint8 *bytes) {
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

// Whether a frame in RLE has a header that fits it (PS3.5 annex G.5): one segment a byte of a pixel,
// one after the other. DCMTK 3.6.7 adds offset and length in 32 bits and then reads anywhere.
bool fits_rle(const Uint8 *bytes, Uint32 length, uint32_t cell) {
  if (length < 64 || cell < 1 || cell > 15 || little(bytes) != cell) return false;
  for (uint32_t n = 0, least = 64; n < cell; n++) {
    const uint32_t offset = little(bytes + 4 * (n + 1));
    if (offset < least || offset >= length) return false;
    least = offset + 1;
  }
  return true;
}

// Whether a frame in JPEG or JPEG-LS begins with segments that lead to a frame header of the size
// that is said (ITU-T T.81 annex B). DCMTK 3.6.7 looks for that header too, and at a marker without
// length (TEM) stays for ever.
bool fits_jpeg(const Uint8 *bytes, Uint32 length, Uint16 rows, Uint16 columns, Uint16 samples) {
  if (length < 4 || bytes[0] != 0xff || bytes[1] != 0xd8) return false;
  for (Uint32 at = 2; at + 10 <= length;) {
    const Uint8 mark = bytes[at + 1];
    if (bytes[at] != 0xff) return false;
    const bool is_frame = (mark >= 0xc0 && mark <= 0xcf && mark != 0xc4 && mark != 0xc8 &&
                           mark != 0xcc) || mark == 0xf7;
    if (is_frame) {
      return bytes[at + 5] << 8 == (rows & 0xff00) && bytes[at + 6] == (rows & 0xff) &&
             bytes[at + 7] << 8 == (columns & 0xff00) && bytes[at + 8] == (columns & 0xff) &&
             bytes[at + 9] == samples;
    }
    const bool has_length = mark == 0xc4 || mark == 0xcc || (mark >= 0xdb && mark <= 0xdf) ||
                            (mark >= 0xe0 && mark <= 0xef) || mark == 0xf8 || mark == 0xfe;
    const Uint32 size = bytes[at + 2] << 8 | bytes[at + 3];
    if (!has_length || size < 2) return false;
    at += 2 + size;
  }
  return false;
}

// Whether what is compressed begins as it must, before a decoder sees it.
bool fits(DcmDataset *set, DcmElement *element, uint32_t frame) {
  const DcmXfer syntax(set->getOriginalXfer());
  if (!syntax.isEncapsulated()) return true;
  Uint16 rows = 0, columns = 0, samples = 0, bits = 0;
  Sint32 frames = 0;
  set->findAndGetUint16(DCM_Rows, rows);
  set->findAndGetUint16(DCM_Columns, columns);
  set->findAndGetUint16(DCM_BitsAllocated, bits);
  if (set->findAndGetUint16(DCM_SamplesPerPixel, samples).bad()) samples = 1;
  if (set->findAndGetSint32(DCM_NumberOfFrames, frames).bad()) frames = 1;
  DcmPixelSequence *sequence = nullptr;
  DcmPixelItem *item = nullptr;
  DcmPixelData *pixels = OFstatic_cast(DcmPixelData *, element);
  const E_TransferSyntax id = set->getOriginalXfer();
  if (pixels->getEncapsulatedRepresentation(id, nullptr, sequence).bad() || !sequence) return false;
  // The table of offsets, then a fragment a frame; a single frame may be in several.
  const bool is_rle = id == EXS_RLELossless;
  const unsigned long fragments = sequence->card() - 1;
  if (fragments < 1 || (fragments != (unsigned long)frames && (is_rle || frames != 1))) return false;
  if (sequence->getItem(item, frame + 1UL).bad() || !item) return false;
  Uint8 *bytes = nullptr;
  if (item->getUint8Array(bytes).bad() || !bytes) return false;
  const Uint32 length = item->getLength();
  return is_rle ? fits_rle(bytes, length, samples * (uint32_t)bits / 8)
                : fits_jpeg(bytes, length, rows, columns, samples);
}

}  // namespace

extern "C" {

int cdicom_open(const char *path, int with_pixels, cdicom_file **file, char *error,
                size_t error_size) try {
  start();
  *file = nullptr;
  std::unique_ptr<cdicom_file> opened(new cdicom_file);
  const OFCondition state = opened->format.loadFileUntilTag(
      path, EXS_Unknown, EGL_noChange, 4096, ERM_fileOnly,
      with_pixels ? DCM_UndefinedTagKey : DCM_PixelData);
  if (state.bad()) return refuse(CDICOM_MALFORMED, error, error_size, "", state.text());
  *file = opened.release();
  return 0;
} catch (const std::exception &) {
  return refuse(CDICOM_TOO_LARGE, error, error_size, "out of memory");
}

void cdicom_close(cdicom_file *file) { delete file; }

int cdicom_text(cdicom_file *file, uint16_t group, uint16_t element, char *out,
                size_t size) try {
  OFString value;
  out[0] = 0;
  const DcmTagKey key(group, element);
  if (file->format.getDataset()->findAndGetOFString(key, value).bad()) return 0;
  snprintf(out, size, "%s", value.c_str());
  return 1;
} catch (const std::exception &) {
  return 0;
}

int cdicom_numbers(cdicom_file *file, uint16_t group, uint16_t element, double *out,
                   int count) try {
  return numbers(file->format.getDataset(), DcmTagKey(group, element), out, count);
} catch (const std::exception &) {
  return 0;
}

int cdicom_frame_numbers(cdicom_file *file, uint32_t frame, uint16_t sequence_group,
                         uint16_t sequence_element, uint16_t group, uint16_t element, double *out,
                         int count) try {
  DcmDataset *set = file->format.getDataset();
  const DcmTagKey sequence(sequence_group, sequence_element), key(group, element);
  const struct { DcmTagKey key; long item; } places[] = {
    {DCM_PerFrameFunctionalGroupsSequence, (long)frame},
    {DCM_SharedFunctionalGroupsSequence, 0},
  };
  for (const auto &place : places) {
    DcmItem *groups = nullptr, *item = nullptr;
    if (set->findAndGetSequenceItem(place.key, groups, place.item).bad() || !groups) continue;
    if (groups->findAndGetSequenceItem(sequence, item, 0).bad()) continue;
    if (int n = numbers(item, key, out, count)) return n;
  }
  return numbers(set, key, out, count);
} catch (const std::exception &) {
  return 0;
}

int cdicom_stored(cdicom_file *file, uint32_t frame, uint8_t *out, size_t size, char *error,
                  size_t error_size) try {
  DcmDataset *set = file->format.getDataset();
  DcmElement *element = nullptr;
  if (set->findAndGetElement(DCM_PixelData, element).bad() || !element) {
    return refuse(CDICOM_MALFORMED, error, error_size, "no pixel data");
  }
  DcmPixelData *pixels = OFstatic_cast(DcmPixelData *, element);
  if (!fits(set, element, frame)) {
    return refuse(CDICOM_MALFORMED, error, error_size, "the compressed data are damaged");
  }
  Uint32 needed = 0;
  OFCondition state = pixels->getUncompressedFrameSize(set, needed);
  if (state.bad()) return refuse(CDICOM_MALFORMED, error, error_size, "", state.text());
  if (needed < size || needed > size + 1 || size >= UINT32_MAX) {
    return refuse(CDICOM_MALFORMED, error, error_size, "frames are not of the size that is said");
  }
  // DCMTK pads a frame to an even length.
  std::unique_ptr<uint8_t[]> buffer(new uint8_t[needed]());
  OFString model;
  Uint32 fragment = 0;  // DCMTK finds it
  state = pixels->getUncompressedFrame(set, frame, fragment, buffer.get(), needed, model,
                                       &file->cache);
  if (state.bad()) return refuse(CDICOM_MALFORMED, error, error_size, "", state.text());
  memcpy(out, buffer.get(), size);
  return 0;
} catch (const std::exception &) {
  return refuse(CDICOM_TOO_LARGE, error, error_size, "out of memory");
}

int cdicom_rgb(cdicom_file *file, uint32_t frame, uint8_t *out, size_t size, char *error,
               size_t error_size) try {
  DcmDataset *set = file->format.getDataset();
  DcmElement *element = nullptr;
  if (set->findAndGetElement(DCM_PixelData, element).bad() || !element) {
    return refuse(CDICOM_MALFORMED, error, error_size, "no pixel data");
  }
  if (!fits(set, element, frame)) {
    return refuse(CDICOM_MALFORMED, error, error_size, "the compressed data are damaged");
  }
  DicomImage image(set, set->getCurrentXfer(), CIF_UsePartialAccessToPixelData, frame, 1);
  if (image.getStatus() != EIS_Normal) {
    return refuse(CDICOM_MALFORMED, error, error_size, "",
                  DicomImage::getString(image.getStatus()));
  }
  if (image.isMonochrome() || image.getOutputDataSize(8) != size) {
    return refuse(CDICOM_MALFORMED, error, error_size, "frames are not of the size that is said");
  }
  if (!image.getOutputData(out, size, 8, 0, 0)) {
    return refuse(CDICOM_MALFORMED, error, error_size, "the colours cannot be read");
  }
  return 0;
} catch (const std::exception &) {
  return refuse(CDICOM_TOO_LARGE, error, error_size, "out of memory");
}

}  // extern "C"
