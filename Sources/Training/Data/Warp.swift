import Foundation

/// A map from pixels of the network's square to pixels of a slice: x' = a x + b y + c, and y' likewise.
public struct Warp: Sendable, Hashable {
  public var xx: Float, xy: Float, x0: Float
  public var yx: Float, yy: Float, y0: Float

  /// The plain view that serving uses: the longest side fills the square of `size` pixels, padded at
  /// the right and below. Pixel centres map to pixel centres.
  public static func plain(width: Int, height: Int, size: Int) -> Warp {
    let scale = Float(max(width, height)) / Float(size)
    return Warp(
      xx: scale, xy: 0, x0: 0.5 * scale - 0.5, yx: 0, yy: scale, y0: 0.5 * scale - 0.5)
  }

  /// Turned by `angle`, enlarged by `zoom` (over 1: closer), stretched, and moved so that the
  /// slice's point (cx, cy) stands at the fraction (fx, fy) of the square.
  public static func view(
    width: Int, height: Int, size: Int, angle: Float, zoom: Float, stretch: Float,
    centre: (x: Float, y: Float), at place: (x: Float, y: Float), mirror: Bool
  ) -> Warp {
    let scale = Float(max(width, height)) / Float(size) / zoom
    let (sx, sy) = (scale * stretch * (mirror ? -1 : 1), scale / stretch)
    let (c, s) = (cos(angle), sin(angle))
    var warp = Warp(xx: c * sx, xy: -s * sy, x0: 0, yx: s * sx, yy: c * sy, y0: 0)
    let (px, py) = (place.x * Float(size), place.y * Float(size))
    warp.x0 = centre.x - warp.xx * px - warp.xy * py
    warp.y0 = centre.y - warp.yx * px - warp.yy * py
    return warp
  }

  /// How many slice pixels a square's pixel spans.
  var step: Float { abs(xx * yy - xy * yx).squareRoot() }

  /// Whether it turns left into right.
  var mirrors: Bool { xx * yy - xy * yx < 0 }
}

extension TrainingSlice {
  /// Samples the pixels into a planar `[planes, size, size]` of 0…1; nil stands outside the slice.
  ///
  /// Shrinking by more than 1.5 averages 2×2 samples a pixel, by more than 3 averages 3×3, which
  /// comes close to the area averaging of serving.
  func sample(
    _ warp: Warp, bend: Bend? = nil, size: Int, into out: inout [Float], inside: inout [Bool]
  ) {
    let plane = size * size
    let taps = warp.step > 3 ? 3 : warp.step > 1.5 ? 2 : 1
    let weight = 1 / (255 * Float(taps * taps))
    pixels.withUnsafeBufferPointer { source in
      for y in 0..<size {
        for x in 0..<size {
          let at = y * size + x
          var sx = warp.xx * Float(x) + warp.xy * Float(y) + warp.x0
          var sy = warp.yx * Float(x) + warp.yy * Float(y) + warp.y0
          if let bend {
            sx += bend.x[at]
            sy += bend.y[at]
          }
          guard sx > -0.5, sy > -0.5, sx < Float(width) - 0.5, sy < Float(height) - 0.5 else {
            inside[at] = false
            for c in 0..<planes { out[c * plane + at] = 0 }
            continue
          }
          inside[at] = true
          for c in 0..<planes {
            var sum: Float = 0
            for ty in 0..<taps {
              for tx in 0..<taps {
                let ox = (Float(tx) + 0.5) / Float(taps) - 0.5
                let oy = (Float(ty) + 0.5) / Float(taps) - 0.5
                sum += bilinear(
                  source, c, sx + warp.xx * ox + warp.xy * oy, sy + warp.yx * ox + warp.yy * oy)
              }
            }
            out[c * plane + at] = sum * weight
          }
        }
      }
    }
  }

  @inline(__always)
  private func bilinear(
    _ source: UnsafeBufferPointer<UInt8>, _ c: Int, _ x: Float, _ y: Float
  ) -> Float {
    let px = min(max(x, 0), Float(width - 1))
    let py = min(max(y, 0), Float(height - 1))
    let (ix, iy) = (Int(px), Int(py))
    let (fx, fy) = (px - Float(ix), py - Float(iy))
    let (jx, jy) = (min(ix + 1, width - 1), min(iy + 1, height - 1))
    let base = c * width * height
    let top =
      Float(source[base + iy * width + ix]) * (1 - fx) + Float(source[base + iy * width + jx]) * fx
    let low =
      Float(source[base + jy * width + ix]) * (1 - fx) + Float(source[base + jy * width + jx]) * fx
    return top * (1 - fy) + low * fy
  }

  /// Samples the mask values, nearest, into `[size, size]`; 0 outside.
  func sampleLabels(_ warp: Warp, bend: Bend? = nil, size: Int, into out: inout [UInt8]) {
    labels.withUnsafeBufferPointer { source in
      for y in 0..<size {
        for x in 0..<size {
          let at = y * size + x
          let (dx, dy) = bend.map { ($0.x[at], $0.y[at]) } ?? (0, 0)
          let sx = Int((warp.xx * Float(x) + warp.xy * Float(y) + warp.x0 + dx).rounded())
          let sy = Int((warp.yx * Float(x) + warp.yy * Float(y) + warp.y0 + dy).rounded())
          out[at] =
            sx >= 0 && sy >= 0 && sx < width && sy < height ? source[sy * width + sx] : 0
        }
      }
    }
  }
}
