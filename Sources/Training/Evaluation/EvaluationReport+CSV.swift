extension EvaluationReport {
  /// A line a pair, with a header; empty where there is no value.
  public var csv: String {
    let head = [
      "data_set", "category", "modality", "patients", "n", "binary_dsc", "binary_dsc_low",
      "binary_dsc_high", "semantic_dsc", "semantic_dsc_low", "semantic_dsc_high", "binary_iou",
      "nsd", "hd95", "hd95_n", "volume_dsc", "volumes", "auroc", "positives", "negatives",
      "false_masks", "presence_ece",
    ]
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let lines = pairs.map { p in
      [
        p.dataSet, p.category, p.modality, "\(p.patients)", "\(p.n)", text(p.binaryDice),
        text(p.binaryInterval?.low), text(p.binaryInterval?.high), text(p.semanticDice),
        text(p.semanticInterval?.low), text(p.semanticInterval?.high), text(p.binaryIoU),
        text(p.surfaceDice), text(p.hausdorff95), "\(p.hausdorffCount)", text(p.volumeDice),
        "\(p.volumes)", text(p.auroc), "\(p.positives)", "\(p.negatives)", "\(p.falseMasks)",
        text(p.calibrationError),
      ].joined(separator: ",")
    }
    return ([head.joined(separator: ",")] + lines).joined(separator: "\n") + "\n"
  }
}
