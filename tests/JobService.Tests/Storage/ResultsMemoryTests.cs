using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>
/// Memory of the results writer. It is measured for the whole process, so no other test can run at the same time.
/// </summary>
[CollectionDefinition(DisableParallelization = true)]
[Collection(typeof(ResultsMemoryTests))]
public sealed class ResultsMemoryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Write_ManyFrames_HoldsABufferAndNotTheDocument()
    {
        var writer = new ResultsDocumentWriter(Stream.Null);
        var frame = new FrameResult { Result = new PipelineResult { Text = new string('x', 1_000) } };
        await writer.WriteAsync(frame, Cancellation);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 1; i <= 30_000; i++)
        {
            frame.FrameIndex = i;
            await writer.WriteAsync(frame, Cancellation);
        }

        // The document would be 30 MB.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 4_000_000);
        GC.KeepAlive(writer);
    }
}
