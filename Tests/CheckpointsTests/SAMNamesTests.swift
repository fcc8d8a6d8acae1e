import Checkpoints
import Testing

/// One network in the names of three families.
@Suite("Segment Anything's names")
struct SAMNamesTests {
  /// Hugging Face's copy computed the same masks as the original when the fixtures were made.
  @Test func huggingFace() throws {
    let original = try Checkpoint(path: try Fixture.path("sam.pth"))
    let theirs = try Checkpoint(path: try Fixture.path("huggingface/model.safetensors"))
    let (plain, mapped) = (try SAMNames(of: original.names), try SAMNames(of: theirs.names))
    #expect(plain.layout == .segmentAnything && mapped.layout == .huggingFace)
    #expect(plain.sources.allSatisfy { $0.key == $0.value })
    #expect(Set(mapped.sources.keys) == Set(original.names))
    for (name, source) in mapped.sources {
      #expect(theirs.tensors[source]?.shape == original.tensors[name]?.shape, "\(name)")
      let (ours, read) = (try original.floats(name), try theirs.floats(source))
      #expect(ours == read, "\(name)")
    }
  }

  @Test func both() throws {
    let theirs = try Checkpoint(path: try Fixture.path("huggingface/model.safetensors"))
    let twice = theirs.names + ["prompt_encoder.shared_embedding.positional_embedding"]
    #expect(try SAMNames(of: twice).sources.count == theirs.names.count)
  }

  @Test func wrapped() throws {
    let wrapped = try Checkpoint(path: try Fixture.path("sam-wrapped.pth"))
    let original = try Checkpoint(path: try Fixture.path("sam.pth"))
    let names = try SAMNames(of: wrapped.names)
    let name = "image_encoder.blocks.0.attn.qkv.weight"
    #expect(names.sources[name] == "module.\(name)")
    #expect(try wrapped.floats("module.\(name)") == (try original.floats(name)))
    #expect(names.sources.keys.allSatisfy { $0.hasPrefix("image_encoder.") })
  }

  @Test func adapters() throws {
    let adapted = try Checkpoint(path: try Fixture.path("sam-adapters.pth"))
    let names = try SAMNames(of: adapted.names)
    #expect(names.sources["image_encoder.blocks.0.Adapter.spatial.2.weight"] != nil)
  }

  @Test func pixels() throws {
    let names = try SAMNames(of: [
      "sam.image_encoder.patch_embed.proj.weight", "sam.pixel_mean", "sam.pixel_std", "extra",
    ])
    #expect(names.pixelMean == "sam.pixel_mean" && names.pixelDeviation == "sam.pixel_std")
    #expect(names.sources["extra"] == "extra" && names.sources.count == 2)
  }

  @Test(arguments: [
    ["backbone.conv.weight"], [],
    // A smaller encoder that others put into Segment Anything's place.
    ["image_encoder.patch_embed.seq.0.c.weight"],
  ])
  func others(_ names: [String]) {
    let error = #expect(throws: CheckpointError.self) { _ = try SAMNames(of: names) }
    #expect(error?.code == .kind)
  }

  @Test func twice() {
    let error = #expect(throws: CheckpointError.self) {
      _ = try SAMNames(of: [
        "vision_encoder.patch_embed.projection.weight", "vision_encoder.layers.0.layer_norm1.bias",
        "image_encoder.blocks.0.norm1.bias",
      ])
    }
    #expect(error?.code == .pickle)
  }
}
