using System.Text;
using CsCheck;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class ResultsDocumentTests
{
    private static readonly string GoldenFile =
        Path.Combine(RepositoryFiles.Root, "tests", "JobService.Tests", "Golden", "results.json");

    private static readonly Gen<FrameResult[]> Frames =
        Gen.Select(
            Gen.Int[1, 50], Gen.Int[0, 3],
            Gen.OneOf("", "GATE", "\"\\\n\t\u2028é\U0001F3A5<>&'", new string('x', 9_000)))
            .Array[0, 30].Select(steps =>
            {
                var index = -1;
                return steps.Select(step => Frame(index += step.Item1, step.Item2, step.Item3)).ToArray();
            });

    private static readonly string Key = ArtifactKeys.Results(Guid.NewGuid());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Write_SpecialCharactersAndZeros_IsTheGoldenFile()
    {
        var bytes = await WriteAsync(GoldenFrames());

        // To update the file on purpose, write the bytes to it and review the difference.
        Assert.Equal(await File.ReadAllTextAsync(GoldenFile, Cancellation), Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public async Task GoldenFile_ReadAsOneMessage_IsTheFrames()
    {
        var text = await File.ReadAllTextAsync(GoldenFile, Cancellation);

        Assert.Equal(GoldenFrames(), ForegSyteJson.StrictParser.Parse<ResultsDocument>(text).Results);
        Assert.StartsWith("{\"results\":[\n{ \"frame_index\": 0, \"result\": {", text, StringComparison.Ordinal);
        Assert.EndsWith("\n]}\n", text, StringComparison.Ordinal);
        Assert.Contains("\"class_id\": 0", text, StringComparison.Ordinal);
        Assert.DoesNotMatch("\"[0-9.]+\"", text);
        Assert.Equal(GoldenFrames().Count + 2, text.Count(character => character == '\n'));
    }

    [Fact]
    public async Task Write_NoFrames_IsAnEmptyDocument()
    {
        var bytes = await WriteAsync([]);

        Assert.Equal("{\"results\":[\n]}\n", Encoding.UTF8.GetString(bytes));
        Assert.Empty(ForegSyteJson.StrictParser.Parse<ResultsDocument>(Encoding.UTF8.GetString(bytes)).Results);
        var page = await ReadPageAsync(bytes, 0, 1_000);
        Assert.Empty(page.Frames);
        Assert.Null(page.NextFrame);
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(5, 4)]
    [InlineData(0, 0)]
    public async Task Write_IndexNotGreater_Throws(int first, int second)
    {
        var writer = new ResultsDocumentWriter(new MemoryStream());
        await writer.WriteAsync(Frame(first), Cancellation);

        await Assert.ThrowsAsync<ArgumentException>(() => writer.WriteAsync(Frame(second), Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => writer.WriteAsync(Frame(-1), Cancellation));
        Assert.Equal(1, writer.FrameCount);
    }

    [Fact]
    public async Task Write_AfterComplete_Throws()
    {
        var writer = new ResultsDocumentWriter(new MemoryStream());
        await writer.CompleteAsync(Cancellation);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => writer.WriteAsync(Frame(0), Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => writer.CompleteAsync(Cancellation));
    }

    [Fact]
    public Task ReadPage_AnyFramesBudgetAndStart_PagesAreAllFramesFromThere() =>
        Gen.Select(Frames, Gen.Int[0, 3_000], Gen.Int[0, 1_600], Gen.OneOf(1, 7, 4_096)).SampleAsync(async sample =>
        {
            var (frames, budget, start, maxBytesPerRead) = sample;
            var bytes = await WriteAsync(frames);
            var read = new List<FrameResult>();
            for (int? next = start; next is not null;)
            {
                var page = await ReadPageAsync(bytes, next.Value, budget, maxBytesPerRead);
                Assert.True(
                    page.Frames.Count > 0 || (page.NextFrame is null && read.Count == 0),
                    $"The page from frame {next} is empty, but frames follow.");
                var size = new ResultsDocument { Results = { page.Frames } }.CalculateSize();
                Assert.True(
                    page.Frames.Count <= 1 || size <= budget,
                    $"The page of {page.Frames.Count} frames has {size} bytes, more than the budget of {budget}.");
                read.AddRange(page.Frames);
                next = page.NextFrame;
            }

            Assert.Equal(frames.Where(frame => frame.FrameIndex >= start), read);
        });

    [Fact]
    public async Task ReadPage_InADocumentOfManyFrames_ReadsALogarithmOfIt()
    {
        const int Count = 100_000;
        var bytes = await WriteAsync(Enumerable.Range(0, Count).Select(i => Frame(i * 3, detections: 1)));
        var budget = 10 * Frame(Count * 3, detections: 1).CalculateSize();
        foreach (var start in (int[])[0, 1, 149_998, 150_000, (Count - 1) * 3])
        {
            long bytesRead = 0;
            var storage = new InMemoryStorage { OnRead = (_, count) => bytesRead += count };
            await storage.PutAsync(Key, bytes);

            var page = await ReadPageAsync(storage, start, budget);

            Assert.Equal((start + 2) / 3 * 3, page.Frames[0].FrameIndex);

            // The document has more than 4 MB; each step of the binary search reads at most a few blocks of 4 KB.
            Assert.InRange(bytesRead, 1, 60 * LineScanner.BlockBytes);
            Assert.InRange(bytes.Length, 4_000_000, int.MaxValue);
        }
    }

    [Fact]
    public async Task ReadPage_SmallDocument_IsOneRead()
    {
        var reads = 0;
        var storage = new InMemoryStorage { OnRead = (_, _) => reads++ };
        await storage.PutAsync(Key, await WriteAsync(Enumerable.Range(0, 500).Select(i => Frame(i, detections: 1))));

        var page = await ReadPageAsync(storage, 250, 1_000);

        Assert.Equal((250, 1), (page.Frames[0].FrameIndex, reads));
    }

    [Fact]
    public async Task ReadPage_Damaged_IsResultsDamagedAndNothingElse()
    {
        var bytes = await WriteAsync(GoldenFrames());
        var all = GoldenFrames();
        await Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte, Gen.Int[0, bytes.Length]).SampleAsync(
            async sample =>
            {
                // One document with a changed byte, one that is cut off.
                var (at, value, length) = sample;
                var changed = bytes.ToArray();
                changed[at] = value;
                foreach (var document in new[] { changed, bytes[..length] })
                {
                    try
                    {
                        var page = await ReadPageAsync(document, 0, int.MaxValue);

                        // The document has no checksum: damage inside a value is not detected, but order and count are.
                        Assert.True(
                            page.Frames.Count == all.Count || document.Length == bytes.Length,
                            $"A document cut to {document.Length} of {bytes.Length} bytes has {page.Frames.Count} "
                            + "frames.");
                        Assert.Equal(
                            page.Frames.Select(frame => frame.FrameIndex).Order().Distinct(),
                            page.Frames.Select(frame => frame.FrameIndex));
                    }
                    catch (ServiceException failure)
                    {
                        Assert.Equal(ErrorReason.ResultsDamaged, failure.Reason);
                    }
                }
            },
            iter: 2_000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"results\":[\n")]
    [InlineData("{\"results\": [\n]}\n")]
    [InlineData("{\"results\":[\n{ \"frame_index\": 0 }")]
    [InlineData("{\"results\":[\n{ \"frame_index\": 0 },\n]}\n")]
    [InlineData("{\"results\":[\n{ \"frame_index\": 0 }\n{ \"frame_index\": 1 }\n]}\n")]
    [InlineData("{\"results\":[\n{ \"frame_index\": 1 },\n{ \"frame_index\": 0 }\n]}\n")]
    [InlineData("{\"results\":[\n{ \"frame_index\": 0 },\n{ \"frame_index\": 0 }\n]}\n")]
    [InlineData("{\"results\":[\n{ \"frame_index\": \"0\" }\n]}\n")]
    [InlineData("{\"results\":[\n\n]}\n")]
    [InlineData("{\"results\":[\nnull\n]}\n")]
    public async Task ReadPage_NotWhatIsWritten_IsResultsDamaged(string document)
    {
        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => ReadPageAsync(Encoding.UTF8.GetBytes(document), 0, 1_000_000));

        Assert.Equal(ErrorReason.ResultsDamaged, failure.Reason);
    }

    private static List<FrameResult> GoldenFrames() =>
    [
        new FrameResult
        {
            FrameIndex = 0,
            Result = new PipelineResult
            {
                Detections =
                {
                    new Detection
                    {
                        Label = "person", ClassId = 0, Confidence = 0.5f,
                        Box = new BoundingBox { X = 0, Y = 12.25f, Width = 100, Height = 1e-7f },
                    },
                },
            },
        },
        new FrameResult
        {
            FrameIndex = 5,
            FrameTimestampMs = 167,
            Result = new PipelineResult
            {
                TextRegions =
                {
                    new TextRegion
                    {
                        Text = "\"GATE\" \\ 07 <b>&'</b> é Ж 出口 \U0001F3A5 \u2028\u0001",
                        Confidence = 1,
                        Polygon = { new Point { X = 1, Y = 2 }, new Point() },
                        DetectionIndex = 0,
                    },
                    new TextRegion { Text = "NORTH", Confidence = 0.25f },
                },
                Text = "GATE\nNORTH\r\n\t",
            },
        },
        new FrameResult { FrameIndex = int.MaxValue, Result = new PipelineResult() },
    ];

    private static FrameResult Frame(int index, int detections = 0, string text = "") => new()
    {
        FrameIndex = index,
        Result = new PipelineResult
        {
            Text = text,
            Detections =
            {
                Enumerable.Repeat(
                    new Detection { Label = "person", Confidence = 0.75f, Box = new BoundingBox { X = 1 } },
                    detections),
            },
        },
    };

    private static async Task<byte[]> WriteAsync(IEnumerable<FrameResult> frames)
    {
        using var stream = new MemoryStream();
        var writer = new ResultsDocumentWriter(stream);
        foreach (var frame in frames)
        {
            await writer.WriteAsync(frame, Cancellation);
        }

        await writer.CompleteAsync(Cancellation);
        return stream.ToArray();
    }

    private static async Task<ResultsPage> ReadPageAsync(
        byte[] document, int startFrame, int budget, int maxBytesPerRead = int.MaxValue)
    {
        var storage = new InMemoryStorage { MaxBytesPerRead = maxBytesPerRead };
        await storage.PutAsync(Key, document);
        return await ReadPageAsync(storage, startFrame, budget);
    }

    private static async Task<ResultsPage> ReadPageAsync(InMemoryStorage storage, int startFrame, int budget)
    {
        await using var reader = await ResultsDocumentReader.OpenAsync(storage, Key, Cancellation);
        return await reader.ReadPageAsync(startFrame, budget, Cancellation);
    }
}
