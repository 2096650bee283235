namespace ForegSyte.Inference.Vision;

/// <summary>
/// A box in a picture that is found again in later ones, by the least difference of its inner part from where it was.
/// It keeps its size, and always is compared with the picture in which it was detected, so that mistakes do not add up.
/// </summary>
/// <param name="Left">Left edge in pixels of the picture in which it was detected.</param>
/// <param name="Top">Its top edge.</param>
/// <param name="Width">Its width.</param>
/// <param name="Height">Its height.</param>
/// <param name="MoveX">How far it moved to the right since then.</param>
/// <param name="MoveY">How far it moved down since then.</param>
internal readonly record struct MovingPatch(
    float Left, float Top, float Width, float Height, float MoveX = 0, float MoveY = 0)
{
    /// <summary>
    /// How far a patch moves at most from one frame to the next, in pixels: of a picture of 208 columns, three times as
    /// fast as a person walks who is a third as high as the frame, at 10 frames/s.
    /// </summary>
    private const int Reach = 3;

    private const int MaxSamplesX = 16;
    private const int MaxSamplesY = 24;

    /// <summary>Share of the width at each side that is mostly background.</summary>
    private const float Edge = 0.125f;

    /// <summary>The patch in the next picture.</summary>
    /// <param name="origin">The picture in which it was detected.</param>
    /// <param name="picture">The next picture, of the same size.</param>
    public MovingPatch In(GrayPicture origin, GrayPicture picture)
    {
        var (x, y) = ((int)MathF.Round(MoveX), (int)MathF.Round(MoveY));
        var part = Part();
        Span<int> sums = stackalloc int[((2 * Reach) + 1) * ((2 * Reach) + 1)];
        var (best, bestX, bestY) = (long.MaxValue, 0, 0);
        for (var moveY = -Reach; moveY <= Reach; moveY++)
        {
            for (var moveX = -Reach; moveX <= Reach; moveX++)
            {
                var sum = picture.Difference(origin, part, x + moveX, y + moveY);
                sums[At(moveX, moveY)] = sum;

                // Of equal places the nearest one.
                var cost = ((long)sum * 64) + Math.Abs(moveX) + Math.Abs(moveY);
                if (cost < best)
                {
                    (best, bestX, bestY) = (cost, moveX, moveY);
                }
            }
        }

        var (partX, partY) = (0f, 0f);
        if (Math.Abs(bestX) < Reach)
        {
            partX = Between(sums[At(bestX - 1, bestY)], sums[At(bestX, bestY)], sums[At(bestX + 1, bestY)]);
        }

        if (Math.Abs(bestY) < Reach)
        {
            partY = Between(sums[At(bestX, bestY - 1)], sums[At(bestX, bestY)], sums[At(bestX, bestY + 1)]);
        }

        return this with { MoveX = x + bestX + partX, MoveY = y + bestY + partY };
    }

    /// <summary>Whether a point is on the patch or near it, where it was or where it is.</summary>
    /// <param name="x">Column in pixels.</param>
    /// <param name="y">Row in pixels.</param>
    /// <param name="growth">How far beyond an edge a point still is near, in widths or heights of the patch.</param>
    /// <param name="margin">The same in pixels, in addition.</param>
    public bool IsNear(float x, float y, float growth, float margin)
    {
        var (beyondX, beyondY) = ((growth * Width) + margin, (growth * Height) + margin);
        return x >= Left + MathF.Min(0, MoveX) - beyondX && x <= Left + MathF.Max(0, MoveX) + Width + beyondX
            && y >= Top + MathF.Min(0, MoveY) - beyondY && y <= Top + MathF.Max(0, MoveY) + Height + beyondY;
    }

    private static int At(int moveX, int moveY) => ((moveY + Reach) * ((2 * Reach) + 1)) + moveX + Reach;

    /// <summary>The lowest point of the parabola through three neighbors, from -0.5 to 0.5.</summary>
    private static float Between(int before, int here, int after)
    {
        var bend = (double)before + after - (2.0 * here);
        return bend <= 0 ? 0 : (float)Math.Clamp((before - after) / (2 * bend), -0.5, 0.5);
    }

    private PicturePart Part()
    {
        var left = (int)(Left + (Edge * Width));
        var (width, height) = (Math.Max(3, (int)((1 - (2 * Edge)) * Width)), Math.Max(3, (int)Height));
        return new PicturePart(
            left, (int)Top, left + width, (int)Top + height, Math.Max(1, width / MaxSamplesX),
            Math.Max(1, height / MaxSamplesY));
    }
}
