using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Hosting.Paging;
using ForegSyte.Jobs;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Fuzz.Tests.Targets;

/// <summary>Mutated texts in requests: filters, page tokens, storage keys.</summary>
public sealed class RequestTextFuzzTests(OutcomeCounts outcomes)
{
    private static readonly string[] Filters =
    [
        "status = FAILED",
        "status = COMPLETED AND pipeline_id = \"yolo_ocr\"",
        "NOT (status = RUNNING OR status = PENDING)",
        "created_at > \"2026-01-01T00:00:00Z\" AND -display_name:\"x*\"",
        "((status=FAILED))",
        "display_name = \"a \\\" b\"",
        "tags:camera AND tags.camera-2 : \"north\" AND NOT tags.site = 'a*'",
    ];

    [Fact]
    public Task Filter_NearlyOne_IsReadOrRefused() => Fuzzing.RunAsync("filters", outcomes, random =>
    {
        try
        {
            JobFilterParser.Parse(Mutation.OfText(Filters[random.Next(Filters.Length)], random));
            return "read";
        }
        catch (FilterSyntaxException)
        {
            return "refused";
        }
    });

    [Fact]
    public Task PageToken_NearlyOne_IsReadOnlyWhereItIsOne() => Fuzzing.RunAsync("page tokens", outcomes, random =>
    {
        var arguments = Mutation.OfText("ListJobs\nstatus = FAILED", random);
        var position = Mutation.OfText("123", random);
        var token = PageToken.Make(arguments, position);
        var changed = Mutation.OfText(token, random);
        var read = PageToken.Read(arguments, changed);
        Assert.True(
            read is null || changed == token || read == Valid(position),
            $"PageToken.Read accepted '{changed}' instead of '{token}'.");
        return read is null ? "refused" : "read";
    });

    [Fact]
    public Task StorageKey_NearlyOne_NeverLeavesItsFolder() => Fuzzing.RunAsync("storage keys", outcomes, random =>
    {
        var key = Mutation.OfText("0f8fad5b-d9cb-469f-a165-70867728950e_results.json", random);
        if (!StorageKey.IsValid(key))
        {
            return "refused";
        }

        Assert.Equal("/root/" + key, Path.GetFullPath(Path.Combine("/root", key)));
        return "a key";
    });

    /// <summary>A token is UTF-8, in which half a surrogate pair becomes the replacement character.</summary>
    private static string Valid(string text) =>
        System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
}
