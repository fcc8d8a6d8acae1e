/// DICOM's terms (Modality, 0008,0060) for the words that data sets use.
enum ModalityName {
  private static let terms: [String: String] = [
    "ct": "CT", "cta": "CT", "ncct": "CT", "cbct": "CT", "mr": "MR", "mri": "MR", "flair": "MR",
    "adc": "MR", "dwi": "MR", "swi": "MR", "pd": "MR", "pdw": "MR", "hbv": "MR", "lge": "MR",
    "us": "US", "ultrasound": "US", "pet": "PT", "pt": "PT", "x": "DX", "xray": "DX", "dx": "DX",
    "mg": "MG", "mammography": "MG", "es": "ES", "endoscopy": "ES", "op": "OP", "fundus": "OP",
    "opt": "OPT", "oct": "OPT", "xc": "XC", "dermoscopy": "XC", "gm": "GM", "microscopy": "GM",
  ]

  /// That of the first word which says it: `MR` of "T1w" and of "cine-MRI". Nil where none does.
  static func term(of text: String) -> String? {
    for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      if let term = terms[String(word)] { return term }
      // T1, T1w, T1gd, T2w and the like are sequences of MR.
      if word.hasPrefix("t1") || word.hasPrefix("t2") { return "MR" }
    }
    return nil
  }
}
