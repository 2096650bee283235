using System.Diagnostics.CodeAnalysis;
using ForegSyte.Jobs.Faults;

namespace ForegSyte.Faults.Tests;

/// <summary>One life of the JobService in the storm, and how it is to end.</summary>
/// <param name="CrashAt">Point at which it ends itself; null where it is killed from outside.</param>
/// <param name="Passing">At which passing of the point.</param>
/// <param name="KillAfterMs">When it is killed from outside; null where it ends itself.</param>
/// <param name="KillsInference">Whether the InferenceService is killed as well.</param>
/// <param name="CallerSeeds">What its callers do is made from these.</param>
[SuppressMessage("Security", "CA5394", Justification = "A seeded sequence that can be repeated is the point.")]
internal sealed record Life(
    CrashPoint? CrashAt, int Passing, int? KillAfterMs, bool KillsInference, IReadOnlyList<int> CallerSeeds)
{
    private const int Callers = 3;

    /// <summary>
    /// Draws a life: three of four end at a named point, every tenth takes the InferenceService along.
    /// </summary>
    public static Life Draw(Random random)
    {
        var points = Enum.GetValues<CrashPoint>().Except(UploadCrashTests.OwnPoints).ToArray();
        var atPoint = random.Next(4) > 0;
        return new Life(
            atPoint ? points[random.Next(points.Length)] : null,
            random.Next(1, 5),
            atPoint ? null : random.Next(50, 1_500),
            random.Next(10) == 0,
            [.. Enumerable.Range(0, Callers).Select(_ => random.Next())]);
    }
}
