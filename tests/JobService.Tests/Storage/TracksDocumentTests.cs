using System.Text;
using CsCheck;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class TracksDocumentTests
{
    private static readonly string Results = ArtifactKeys.Results(Guid.NewGuid());
    private static readonly string Key = ArtifactKeys.Tracks(Results);

    private readonly InMemoryStorage _storage = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Write_NoTracks_IsAnEmptyDocument()
    {
        var text = await WriteAsync(new TracksDocument());

        Assert.Equal("{\"object_tracks\":[\n],\"text_tracks\":[\n],\"shots\":[\n]}\n", text);
        Assert.Equal(new TracksDocument(), ForegSyteJson.StrictParser.Parse<TracksDocument>(text));
        await AssertReadsAsync(new TracksDocument(), 0);
    }

    [Fact]
    public async Task Write_OneElementALine_IsTheMessageInJson()
    {
        var tracks = Document(objects: 2, texts: 1, shots: 3);

        var text = await WriteAsync(tracks);

        Assert.Equal(tracks, ForegSyteJson.StrictParser.Parse<TracksDocument>(text));
        var lines = text.Split('\n');
        Assert.Equal(11, lines.Length);
        Assert.StartsWith("{ \"track_id\": 1, \"label\": \"person\"", lines[1], StringComparison.Ordinal);
        Assert.Equal("],\"text_tracks\":[", lines[3]);
        Assert.Equal("],\"shots\":[", lines[5]);
        Assert.Contains("\"live\": false", lines[6], StringComparison.Ordinal);
    }

    [Fact]
    public Task Read_AnyDocumentFromAnyId_GivesTheRest() => Gen.Select(
        Gen.Int[0, 60], Gen.Int[0, 60], Gen.Int[0, 60], Gen.Int[0, 200], Gen.Bool).SampleAsync(
        async sample =>
        {
            var (objects, texts, shots, firstId, isLarge) = sample;
            var tracks = Document(objects, texts, shots, pathLength: isLarge ? 200 : 0);
            await WriteAsync(tracks);
            await AssertReadsAsync(tracks, firstId);
        },
        iter: 60, threads: 1);

    [Fact]
    public async Task Read_LargeDocument_ReadsOnlyThePartThatItsIndexTells()
    {
        var tracks = Document(objects: 2_000, texts: 500, shots: 500, pathLength: 64);
        var text = await WriteAsync(tracks);
        Assert.True(text.Length > 10 * TracksIndex.MaxDocumentBytes, $"The document has only {text.Length} bytes.");
        Assert.True(await _storage.ExistsAsync(ArtifactKeys.TracksIndex(Results), Cancellation), "No index.");

        // What is far from the page is unreadable.
        var bytes = Encoding.UTF8.GetBytes(text);
        bytes.AsSpan(100_000, 3_000_000).Clear();
        await _storage.PutAsync(Key, bytes);

        await using var reader = await TracksDocumentReader.OpenAsync(_storage, Results, Cancellation);
        Assert.False(reader.IsIndexDamaged, "The index is damaged.");
        var page = await reader.ReadObjectTracksAsync(3_001, Cancellation).Take(20).ToListAsync(Cancellation);
        Assert.Equal(Enumerable.Range(1_500, 20).Select(i => 1 + (2 * i)), page.Select(track => track.TrackId));
        Assert.Equal(tracks.Shots[499], await reader.ReadShotsAsync(500, Cancellation).SingleAsync(Cancellation));
    }

    [Fact]
    public async Task Read_IndexLostOrDamaged_GivesTheSameAndSaysSo()
    {
        var tracks = Document(objects: 1_000, texts: 3, shots: 2, pathLength: 64);
        await WriteAsync(tracks);
        var index = await _storage.ReadAsync(ArtifactKeys.TracksIndex(Results));
        index[^20] ^= 1;
        await _storage.PutAsync(ArtifactKeys.TracksIndex(Results), index);
        await AssertReadsAsync(tracks, 1_001, isIndexDamaged: true);
        await _storage.DeleteAsync(ArtifactKeys.TracksIndex(Results), Cancellation);
        await AssertReadsAsync(tracks, 1_001, isIndexDamaged: true);
    }

    [Fact]
    public async Task Read_MissingDocument_IsResultsDamaged()
    {
        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => TracksDocumentReader.OpenAsync(_storage, Results, Cancellation));
        Assert.Equal(ErrorReason.ResultsDamaged, failure.Reason);
        Assert.Contains("missing", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("no end")]
    [InlineData("no track")]
    [InlineData("out of order")]
    [InlineData("text after the end")]
    public async Task Read_DamagedDocument_IsResultsDamaged(string damage)
    {
        var text = await WriteAsync(Document(objects: 3, texts: 1, shots: 1));
        var damaged = damage switch
        {
            "cut" => text[..(text.Length / 2)],
            "no end" => text[..^3],
            "no track" => text.Replace("\"track_id\": 3", "\"track_id\": ?", StringComparison.Ordinal),
            "out of order" => text.Replace("\"track_id\": 3", "\"track_id\": 7", StringComparison.Ordinal),
            _ => text + "{}\n",
        };
        await _storage.PutAsync(Key, Encoding.UTF8.GetBytes(damaged));

        var failure = await Assert.ThrowsAsync<ServiceException>(async () =>
        {
            await using var reader = await TracksDocumentReader.OpenAsync(_storage, Results, Cancellation);
            await reader.ReadObjectTracksAsync(0, Cancellation).ToListAsync(Cancellation);
        });
        Assert.Equal(ErrorReason.ResultsDamaged, failure.Reason);
    }

    [Fact]
    public async Task Write_OutOfOrder_IsRefused()
    {
        using var stream = new MemoryStream();
        var writer = new TracksDocumentWriter(stream);
        await writer.WriteAsync(TrackSection.Objects, new ObjectTrack { TrackId = 3 }, Cancellation);
        await Assert.ThrowsAsync<ArgumentException>(
            () => writer.WriteAsync(TrackSection.Objects, new ObjectTrack { TrackId = 3 }, Cancellation));
        await writer.WriteAsync(TrackSection.Shots, new Shot { Number = 1 }, Cancellation);
        await Assert.ThrowsAsync<ArgumentException>(
            () => writer.WriteAsync(TrackSection.Texts, new TextTrack { TrackId = 1 }, Cancellation));
    }

    [Fact]
    public async Task Spool_TracksInTheOrderOfTheirEnds_AreReadByTheirIds()
    {
        await using var spool = await TrackSpool.CreateAsync(_storage, Guid.NewGuid(), Cancellation);
        foreach (var id in (int[])[7, 2, 9, 1])
        {
            await spool.AddAsync(TrackSection.Objects, new ObjectTrack { TrackId = id, Label = $"{id}" }, Cancellation);
        }

        await spool.AddAsync(TrackSection.Shots, new Shot { Number = 2 }, Cancellation);
        var read = await spool.ReadAsync<ObjectTrack>(TrackSection.Objects, 2, Cancellation).ToListAsync(Cancellation);

        Assert.Equal(["2", "7", "9"], read.Select(track => track.Label));
        Assert.Equal((true, false, true), (
            spool.Has(TrackSection.Objects, 9), spool.Has(TrackSection.Objects, 3), spool.Has(TrackSection.Shots, 2)));
        await Assert.ThrowsAsync<ArgumentException>(
            () => spool.AddAsync(TrackSection.Objects, new ObjectTrack { TrackId = 9 }, Cancellation));
    }

    private async Task AssertReadsAsync(TracksDocument tracks, int firstId, bool isIndexDamaged = false)
    {
        await using var reader = await TracksDocumentReader.OpenAsync(_storage, Results, Cancellation);
        Assert.Equal(
            tracks.ObjectTracks.Where(track => track.TrackId >= firstId),
            await reader.ReadObjectTracksAsync(firstId, Cancellation).ToListAsync(Cancellation));
        Assert.Equal(
            tracks.TextTracks.Where(track => track.TrackId >= firstId),
            await reader.ReadTextTracksAsync(firstId, Cancellation).ToListAsync(Cancellation));
        Assert.Equal(
            tracks.Shots.Where(shot => shot.Number >= firstId),
            await reader.ReadShotsAsync(firstId, Cancellation).ToListAsync(Cancellation));
        Assert.Equal(isIndexDamaged, reader.IsIndexDamaged);
    }

    private async Task<string> WriteAsync(TracksDocument tracks)
    {
        using var stream = new MemoryStream();
        var writer = new TracksDocumentWriter(stream);
        foreach (var track in tracks.ObjectTracks)
        {
            await writer.WriteAsync(TrackSection.Objects, track, Cancellation);
        }

        foreach (var track in tracks.TextTracks)
        {
            await writer.WriteAsync(TrackSection.Texts, track, Cancellation);
        }

        foreach (var shot in tracks.Shots)
        {
            await writer.WriteAsync(TrackSection.Shots, shot, Cancellation);
        }

        await writer.CompleteAsync(Cancellation);
        await writer.Index.WriteAsync(_storage, Results, stream.Length, Cancellation);
        await _storage.PutAsync(Key, stream.ToArray());
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Objects 1, 3, 5, …; texts 2, 4, 6, …; shots 1, 2, 3, ….</summary>
    private static TracksDocument Document(int objects, int texts, int shots, int pathLength = 1) => new()
    {
        ObjectTracks =
        {
            Enumerable.Range(0, objects).Select(i => new ObjectTrack
            {
                TrackId = 1 + (2 * i),
                Label = "person",
                Confidence = 0.5f,
                Path =
                {
                    Enumerable.Range(0, pathLength).Select(frame => new TrackPoint
                    {
                        FrameIndex = frame, Box = new BoundingBox { X = frame, Width = 1, Height = 1 },
                    }),
                },
            }),
        },
        TextTracks = { Enumerable.Range(1, texts).Select(i => new TextTrack { TrackId = 2 * i, Text = "],\n\"é}" }) },
        Shots = { Enumerable.Range(1, shots).Select(i => new Shot { Number = i, FirstFrameIndex = i }) },
    };
}
