using ForegSyte.Inference.Models;

namespace ForegSyte.Inference.Tests.Models;

public sealed class ComputeSplitTests
{
    [Theory]
    [InlineData(1, false, 0, 0, 1, 1)]
    [InlineData(2, false, 0, 0, 2, 1)]
    [InlineData(16, false, 0, 0, 8, 2)]
    [InlineData(8, false, 0, 4, 2, 4)]
    [InlineData(2, false, 0, 4, 1, 4)]
    [InlineData(8, false, 2, 0, 2, 4)]
    [InlineData(2, false, 5, 0, 5, 1)]
    [InlineData(8, true, 0, 0, 16, 1)]
    public void Of_Processors_FillsThemWithWhatIsNotAskedFor(
        int processors, bool isGpu, int runs, int threads, int expectedRuns, int expectedThreads) =>
        Assert.Equal(
            new ComputeSplit(expectedRuns, expectedThreads), ComputeSplit.Of(processors, isGpu, runs, threads));
}
