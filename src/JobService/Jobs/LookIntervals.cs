using ForegSyte.Inference.V1;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>How often the models look at a video with adaptive sampling. Pure.</summary>
internal static class LookIntervals
{
    /// <summary>
    /// Seconds between usual looks, rounded down to whole frames: the longest time in docs/adaptive.md with 0.96 of the
    /// accuracy of a look at every frame.
    /// </summary>
    private const double StepSeconds = 0.4;

    /// <summary>Usual looks until one that happens although nothing changed.</summary>
    private const int StepsOfAnInterval = 8;

    /// <summary>The sampling of a job; null if the models look at all frames.</summary>
    /// <param name="choices">The choices of the job.</param>
    /// <param name="stride">Its stride, 1 or more.</param>
    /// <param name="frameRate">Frame rate of its video; 0 if the video has none.</param>
    public static AdaptiveSampling? Of(JobOptions choices, int stride, double frameRate)
    {
        if (choices.Sampling != Sampling.Adaptive)
        {
            return null;
        }

        var most = int.MaxValue / StepsOfAnInterval / stride;
        var step = stride * (int)Math.Clamp(Math.Floor(frameRate / stride * StepSeconds), 1, Math.Max(1, most));
        return new AdaptiveSampling { Step = step, Interval = StepsOfAnInterval * step };
    }
}
