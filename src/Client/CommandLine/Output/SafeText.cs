namespace ForegSyte.CommandLine.Output;

/// <summary>Text from outside on its way to a terminal.</summary>
internal static class SafeText
{
    /// <summary>
    /// The text on one line, control characters replaced: a name or an error message must not steer the terminal.
    /// </summary>
    public static string OneLine(string text) =>
        string.Create(text.Length, text, (target, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                target[i] = source[i] is '\n' or '\r' or '\t' ? ' ' : char.IsControl(source[i]) ? '\uFFFD' : source[i];
            }
        });
}
