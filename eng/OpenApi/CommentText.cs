using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;

namespace ForegSyte.OpenApi;

/// <summary>Reads the proto comment of a declaration as paragraphs.</summary>
internal static partial class CommentText
{
    /// <summary>The leading comment with its lines joined; empty without a comment.</summary>
    public static string Of(IDescriptor descriptor)
    {
        var lines = DeclarationOf(descriptor)?.LeadingComments ?? "";
        return string.Join("\n\n", BlankLines().Split(lines).Select(Joined).Where(text => text.Length > 0));
    }

    /// <summary>The first sentence of a text.</summary>
    public static string FirstSentence(string text) => SentenceEnd().Split(text)[0].TrimEnd('.');

    private static string Joined(string paragraph) => Spaces().Replace(paragraph.Trim(), " ");

    private static DescriptorDeclaration? DeclarationOf(IDescriptor descriptor) => descriptor switch
    {
        DescriptorBase known => known.Declaration,
        _ => null,
    };

    [GeneratedRegex(@"\n\s*\n")]
    private static partial Regex BlankLines();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"(?<=\.)\s|\n\n|:\s")]
    private static partial Regex SentenceEnd();
}
