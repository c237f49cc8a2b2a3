// What others did meanwhile.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct NewsScreen: View {
    @State private var model: NewsModel
    @Environment(\.words) private var words

    init(core: OpenStore) {
        _model = State(initialValue: NewsModel(core))
    }

    var body: some View {
        ModelList(title: words.say("what_changed"), id: "news", model: model) {
            if model.news.isEmpty {
                Line(what: words.say("nothing_new"), id: "news.none")
            } else {
                Act(words.say("looked_at_all"), "news.looked") { _ = await model.lookedAtAll() }
            }
            ForEach(model.news, id: \.id) { news in
                NavigationLink(value: news.record) {
                    Line(
                        what: news.display, id: "news.\(news.display)",
                        about: [words.named("happened", news.happened.word), news.byName ?? "", words.moment(news.at)]
                            + news.deeds)
                }
            }
        }
    }
}
