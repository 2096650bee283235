namespace ForegSyte.Jobs.Filters;

/// <summary>
/// What a text field is compared with: a text, with anything before or after it where a '*' stood there.
/// </summary>
/// <param name="Text">The characters that have to be there, case-sensitive.</param>
/// <param name="AnyBefore">Whether anything may come before them.</param>
/// <param name="AnyAfter">Whether anything may come after them.</param>
internal sealed record TextPattern(string Text, bool AnyBefore, bool AnyAfter);
