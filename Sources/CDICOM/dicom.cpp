#include "CDICOM.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
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
  Uint32 next_fragment = 0, next_frame = 0;  // frames are asked for in order, mostly
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
  Uint32 needed = 0;
  OFCondition state = pixels->getUncompressedFrameSize(set, needed);
  if (state.bad()) return refuse(CDICOM_MALFORMED, error, error_size, "", state.text());
  if (needed < size || needed > size + 1 || size >= UINT32_MAX) {
    return refuse(CDICOM_MALFORMED, error, error_size, "frames are not of the size that is said");
  }
  // DCMTK pads a frame to an even length.
  std::unique_ptr<uint8_t[]> buffer(new uint8_t[needed]());
  if (frame != file->next_frame) file->next_fragment = 0;
  OFString model;
  state = pixels->getUncompressedFrame(set, frame, file->next_fragment, buffer.get(), needed,
                                       model, &file->cache);
  file->next_frame = frame + 1;
  if (state.bad()) return refuse(CDICOM_MALFORMED, error, error_size, "", state.text());
  memcpy(out, buffer.get(), size);
  return 0;
} catch (const std::exception &) {
  return refuse(CDICOM_TOO_LARGE, error, error_size, "out of memory");
}

int cdicom_rgb(cdicom_file *file, uint32_t frame, uint8_t *out, size_t size, char *error,
               size_t error_size) try {
  DcmDataset *set = file->format.getDataset();
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
