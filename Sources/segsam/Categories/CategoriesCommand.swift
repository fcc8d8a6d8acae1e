import ArgumentParser

/// `segsam categories`.
struct CategoriesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "categories",
    abstract: "Shows what can be asked for, and how a name is understood.",
    discussion: """
        segsam categories --region abdomen --trained
        segsam categories resolve 胰腺 "ren dexter" SCT:15776009
        segsam categories --validate
      """,
    subcommands: [CategoriesListCommand.self, CategoriesResolveCommand.self],
    defaultSubcommand: CategoriesListCommand.self)
}
