using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.V1;

namespace ForegSyte.Exports.Tests.Formats;

/// <summary>COCO JSON, as Python and another JSON reader see it.</summary>
public sealed class CocoFormatTests
{
    [Fact]
    public async Task Tracked_InPython_IsACocoDataset()
    {
        var export = await SampleResults.Tracked().ExportAsync(ExportFormat.Coco);

        var output = await Readers.PythonAsync(
            export,
            """
            import json, sys
            data = json.load(open(sys.argv[1], encoding="utf-8"))
            names = {item["id"]: item["name"] for item in data["categories"]}
            images = {item["id"]: item for item in data["images"]}
            for item in data["annotations"]:
                image = images[item["image_id"]]
                assert item["area"] == item["bbox"][2] * item["bbox"][3] and item["iscrowd"] == 0
                print(item["id"], image["file_name"], image["timestamp_ms"], names[item["category_id"]], item["bbox"],
                      item["score"], item.get("track_id"), item["interpolated"])
            """);

        Assert.Equal(
            """
            1 frame_000000.jpg 0 person [10.5, 20.25, 30, 60] 0.875 1 False
            2 frame_000000.jpg 0 car [100, 200, 50.125, 40] 0.5 None False
            3 frame_000001.jpg 100 person [12.5, 20.25, 30, 60] 0 1 True
            4 frame_000002.jpg 200 person [14.5, 20.25, 30, 60] 0.75 1 False

            """,
            output);
    }

    [Fact]
    public async Task Tracked_HasTheVideoAndItsImages()
    {
        var document = JsonNode.Parse(await SampleResults.Tracked().ExportAsync(ExportFormat.Coco))!;

        Assert.Equal(
            ["info", "licenses", "videos", "images", "categories", "annotations"],
            document.AsObject().Select(member => member.Key));
        Assert.Equal(
            """{"id":1,"name":"gate.mp4","width":768,"height":576}""", document["videos"]![0]!.ToJsonString());
        Assert.Equal(
            """{"id":3,"video_id":1,"file_name":"frame_000002.jpg","width":768,"height":576,"""
            + """
            "frame_index":2,"timestamp_ms":200}
            """,
            document["images"]![2]!.ToJsonString());
        Assert.Equal(
            """[{"id":1,"name":"person"},{"id":3,"name":"car"}]""", document["categories"]!.ToJsonString());
    }

    [Fact]
    public async Task Labels_SelectAnnotationsAndCategories_KeepAllImages()
    {
        var document = JsonNode.Parse(await SampleResults.Tracked().ExportAsync(ExportFormat.Coco, null, "car"))!;

        Assert.Equal(
            (3, 1, """[{"id":3,"name":"car"}]"""),
            (document["images"]!.AsArray().Count, document["annotations"]!.AsArray().Count,
                document["categories"]!.ToJsonString()));
    }

    [Theory]
    [InlineData(
        null,
        """
        [{"id":1,"name":"person"},{"id":1000001,"name":"hard_hat"},{"id":1000002,"name":"sign"}]
        """,
        "1 1000001 1000002 1 1000001")]
    [InlineData("sign", """[{"id":1000002,"name":"sign"}]""", "1000002")]
    public async Task TwoDetectorsWithTheSameClassId_AreTwoCategories(
        string? label, string categories, string categoryIds)
    {
        var results = new SampleResults
        {
            Frames =
            [
                SampleResults.Frame(0, Found("person"), Found("hard_hat"), Found("sign")),
                SampleResults.Frame(1, Found("person"), Found("hard_hat")),
            ],
        };

        var document = JsonNode.Parse(
            await results.ExportAsync(ExportFormat.Coco, null, label is null ? [] : [label]))!;

        Assert.Equal(categories, document["categories"]!.ToJsonString());
        Assert.Equal(
            categoryIds, string.Join(' ', document["annotations"]!.AsArray().Select(item => item!["category_id"])));

        static Detection Found(string label) => SampleResults.Found(label, 0, 1, 0, 0, 1, 1, 0);
    }

    [Fact]
    public async Task HostileLabelsAndNames_AreEscaped()
    {
        var hostile = string.Concat(SampleResults.HostileTexts);
        var results = new SampleResults
        {
            Frames = [SampleResults.Frame(0, SampleResults.Found(hostile, 7, 1, 0, 0, 1, 1, 0))],
        };
        results = results with { Job = results.Job with { Name = hostile } };

        var export = await results.ExportAsync(ExportFormat.Coco);

        using var document = JsonDocument.Parse(export);
        Assert.Equal(hostile, document.RootElement.GetProperty("categories")[0].GetProperty("name").GetString());
        Assert.Equal(hostile, document.RootElement.GetProperty("videos")[0].GetProperty("name").GetString());
        Assert.DoesNotContain(export, value => value is < 0x20 or 0x7F or > 0x7E);
    }

    [Fact]
    public async Task NoFrames_IsAnEmptyDataset()
    {
        var document = JsonNode.Parse(await new SampleResults().ExportAsync(ExportFormat.Coco))!;

        Assert.Equal(
            (0, 0, 0),
            (document["images"]!.AsArray().Count, document["annotations"]!.AsArray().Count,
                document["categories"]!.AsArray().Count));
    }
}
