using CsCheck;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>Pages of large documents, with and without their index.</summary>
public sealed class ResultsIndexTests
{
    private static readonly string Key = ArtifactKeys.Results(Guid.NewGuid());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<int, int> PagesOfALargeDocument => new MatrixTheoryData<int, int>(
        [0, 1, 149_998, 150_000, 150_001, 299_997], [1, 1_000, 1 << 20, 3 << 20]);

    [Theory]
    [MemberData(nameof(PagesOfALargeDocument))]
    public async Task ReadPage_LargeDocument_IsAtMostTwoReadsBesideTheIndex(int start, int budget)
    {
        var reads = new List<(string Key, int Bytes)>();
        var storage = new InMemoryStorage();
        await WriteAsync(storage, Enumerable.Range(0, 100_000).Select(number => Frame(number * 3, textLength: 30)));
        storage.OnRead = (key, bytes) => reads.Add((key, bytes));

        var page = await ReadPageAsync(storage, start, budget);

        Assert.Equal((start + 2) / 3 * 3, page.Frames[0].FrameIndex);
        var ofDocument = reads.Where(read => read.Key == Key).ToList();
        Assert.InRange(ofDocument.Count, 1, 2);
        Assert.InRange(reads.Count - ofDocument.Count, 1, 1);

        // A frame takes about five times as many bytes as JSON; the range begins and ends at an entry of the index.
        Assert.InRange(ofDocument.Sum(read => read.Bytes), 1, (6L * budget) + (3 * 66_000));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(19)]
    public async Task ReadPage_FramesLargerThanThePage_IsAtMostTwoReads(int start)
    {
        var reads = 0;
        var storage = new InMemoryStorage();
        await WriteAsync(storage, Enumerable.Range(0, 20).Select(number => Frame(number, textLength: 300_000)));
        storage.OnRead = (key, _) => reads += key == Key ? 1 : 0;

        var page = await ReadPageAsync(storage, start, budget: 1);

        Assert.Equal(start, Assert.Single(page.Frames).FrameIndex);
        Assert.Equal(start == 19 ? null : start + 1, page.NextFrame);
        Assert.InRange(reads, 1, 2);
    }

    [Fact]
    public Task ReadPage_WithIndexWithoutAndWithADamagedOne_IsTheSame() =>
        Gen.Select(
            Gen.Select(Gen.Int[1, 9], Gen.OneOf(0, 20, 3_000, 70_000)).Array[20, 60],
            Gen.Int[0, 300],
            Gen.OneOf(0, 1_000, 60_000, 1 << 20),
            Gen.Int[0, 1 << 20])
            .SampleAsync(async sample =>
            {
                var (steps, start, budget, damagedByte) = sample;
                var index = -1;
                var storage = new InMemoryStorage();
                await WriteAsync(storage, steps.Select(step => Frame(index += step.Item1, step.Item2)));
                var expected = await ReadPageAsync(storage, start, budget);

                var indexKey = ArtifactKeys.ResultsIndex(Key);
                if (await storage.HasAsync(indexKey))
                {
                    var bytes = await storage.ReadAsync(indexKey);
                    bytes[damagedByte % bytes.Length] ^= 1;
                    await storage.PutAsync(indexKey, bytes);
                    AssertSame(expected, await ReadPageAsync(storage, start, budget, isDamaged: true));
                    await storage.DeleteAsync(indexKey, Cancellation);
                }

                AssertSame(expected, await ReadPageAsync(storage, start, budget));
            });

    [Fact]
    public async Task Index_OfAnotherDocument_IsNotUsed()
    {
        var storage = new InMemoryStorage();
        await WriteAsync(storage, Enumerable.Range(0, 20).Select(number => Frame(number, textLength: 40_000)));
        var index = await storage.ReadAsync(ArtifactKeys.ResultsIndex(Key));
        await WriteAsync(storage, Enumerable.Range(0, 20).Select(number => Frame(number, textLength: 30_000)));
        await storage.PutAsync(ArtifactKeys.ResultsIndex(Key), index);

        var page = await ReadPageAsync(storage, 10, budget: 1, isDamaged: true);

        Assert.Equal((10, 11), (page.Frames[0].FrameIndex, page.NextFrame));
    }

    [Fact]
    public async Task Write_SmallDocument_HasNoIndex()
    {
        var storage = new InMemoryStorage();

        await WriteAsync(storage, [Frame(0, textLength: 200_000)]);

        Assert.Equal([Key], await storage.KeysAsync());
    }

    private static void AssertSame(ResultsPage expected, ResultsPage actual)
    {
        Assert.Equal(expected.Frames, actual.Frames);
        Assert.Equal(expected.NextFrame, actual.NextFrame);
    }

    private static async Task WriteAsync(InMemoryStorage storage, IEnumerable<FrameResult> frames)
    {
        await using var artifact = await storage.StageAsync(Key, Cancellation);
        var writer = new ResultsDocumentWriter(artifact.Stream);
        foreach (var frame in frames)
        {
            await writer.WriteAsync(frame, Cancellation);
        }

        await writer.CompleteAsync(Cancellation);
        await writer.Index.WriteAsync(storage, Key, artifact.Stream.Length, Cancellation);
        await artifact.CommitAsync(Cancellation);
    }

    private static async Task<ResultsPage> ReadPageAsync(
        InMemoryStorage storage, int start, int budget, bool isDamaged = false)
    {
        await using var reader = await ResultsDocumentReader.OpenAsync(storage, Key, Cancellation);
        Assert.Equal(isDamaged, reader.IsIndexDamaged);
        return await reader.ReadPageAsync(start, budget, Cancellation);
    }

    private static FrameResult Frame(int index, int textLength) => new()
    {
        FrameIndex = index,
        Result = new PipelineResult { Text = new string('x', textLength) },
    };
}
